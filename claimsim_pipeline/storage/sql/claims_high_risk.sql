-- The feed with flags and scores, flagged claims first. Simulated claims have the scores they
-- were published with; real ones those of the rules and of the last refresh.
CREATE OR REPLACE VIEW claims_high_risk AS
SELECT
    {columns},
    flags,
    len(flags) AS flag_count,
    rule_score,
    ml_score,
    ml_score_normalized,
    risk_score,
    is_simulated
FROM (
    SELECT
        {real_columns},
        r.__flags AS flags,
        r.__rule_score AS rule_score,
        m.ml_score,
        m.ml_score_normalized,
        greatest(r.__rule_score, coalesce(m.ml_score_normalized, 0)) AS risk_score,
        false AS is_simulated
    FROM (SELECT *, {flags} AS __flags, {rule_score} AS __rule_score FROM {real}) AS r
    LEFT JOIN claims_ml_scores AS m ON m.claim_id = r.claim_id
    UNION ALL
    SELECT
        {live_columns},
        coalesce(s.flags, []),
        s.rule_score,
        s.ml_score,
        s.ml_score_normalized,
        s.risk_score,
        true
    FROM claims_live_stream AS t
    LEFT JOIN claims_live_scores AS s ON s.claim_id = t.claim_id
)
ORDER BY flag_count > 0 DESC, flag_count DESC, risk_score DESC NULLS LAST
