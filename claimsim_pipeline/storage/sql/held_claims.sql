-- Claims of the windows. They are stale when their content (stream, scores, truth) differs from
-- the batch's: gone from it, changed, incomplete, or in the stream more than once.
WITH theirs AS MATERIALIZED (
    FROM {held}
),
held AS (
    SELECT t.claim_id, hash({old}) AS content, count(*) OVER (PARTITION BY t.claim_id) AS copies
    FROM theirs AS t
    LEFT JOIN {stream} AS s ON s.claim_id = t.claim_id
    LEFT JOIN (
        -- By row number: a join would read the narratives of all claims there are.
        FROM claims_live_scores WHERE rowid IN (
            SELECT x.rowid FROM claims_live_scores AS x SEMI JOIN theirs USING (claim_id)
        )
    ) AS c ON c.claim_id = t.claim_id
),
wanted AS (
    SELECT claim_id, hash({new}) AS content FROM __batch
)
SELECT held.claim_id, bool_or(wanted.claim_id IS NULL OR copies > 1) AS stale
FROM held
LEFT JOIN wanted ON wanted.claim_id = held.claim_id AND wanted.content = held.content
GROUP BY held.claim_id
