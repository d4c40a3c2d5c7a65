-- Claims of the windows whose content (stream, scores, truth) differs from the batch's:
-- gone from it, changed, incomplete, or in the stream more than once.
WITH held AS (
    SELECT t.claim_id, hash({old}) AS content, count(*) OVER (PARTITION BY t.claim_id) AS copies
    FROM (FROM {held}) AS t
    LEFT JOIN {stream} AS s ON s.claim_id = t.claim_id
    LEFT JOIN claims_live_scores AS c ON c.claim_id = t.claim_id
),
wanted AS (
    SELECT claim_id, hash({new}) AS content FROM __batch
)
SELECT DISTINCT claim_id
FROM held
ANTI JOIN wanted ON wanted.claim_id = held.claim_id AND wanted.content = held.content AND copies = 1
