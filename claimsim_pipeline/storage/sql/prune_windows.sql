-- Windows that lose claims.
SELECT DISTINCT epoch(window_start) AS seconds
FROM claims_live_truth
SEMI JOIN (FROM claims_live_stream WHERE {old}) USING (claim_id)
WHERE window_start IS NOT NULL
ORDER BY seconds
