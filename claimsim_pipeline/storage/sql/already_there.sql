-- Where the ids of a batch stand already: one pass over the three tables, side by side.
SELECT
    t.claim_id,
    true AS told,
    t.run_id,
    t.window_start IS NOT DISTINCT FROM b.window_start
    AND (t.window_start IS NOT NULL OR t.run_id IS NOT DISTINCT FROM b.run_id) AS ours
FROM (FROM claims_live_truth WHERE {among}) AS t
JOIN __ids AS b USING (claim_id)
UNION ALL
SELECT claim_id, false, NULL, NULL FROM claims_live_scores WHERE {among}
UNION ALL
SELECT claim_id, false, NULL, NULL FROM claims_live_stream WHERE {near} AND {among}
