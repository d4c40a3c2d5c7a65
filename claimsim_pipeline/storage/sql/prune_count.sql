-- Old claims; scores and truth of claims that are gone; claims without truth.
SELECT
    (SELECT count(*) FROM claims_live_stream WHERE {old}),
    (SELECT count(*) FROM claims_live_truth ANTI JOIN claims_live_stream USING (claim_id))
    + (SELECT count(*) FROM claims_live_scores ANTI JOIN claims_live_stream USING (claim_id)),
    (SELECT count(*) FROM claims_live_stream ANTI JOIN claims_live_truth USING (claim_id))
