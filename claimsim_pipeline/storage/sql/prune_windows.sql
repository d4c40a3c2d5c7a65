-- Windows that lose claims.
SELECT DISTINCT window_start
FROM claims_live_truth
SEMI JOIN (FROM claims_live_stream WHERE {old}) USING (claim_id)
WHERE window_start IS NOT NULL
ORDER BY window_start
