-- claim_id is the key of each table. No index stands behind it: every publication looks for its
-- ids first, while it has the file alone. An index would double the file and make the pruning
-- of a million claims hold it for 14 s instead of 0.3 s.

-- What a dashboard may show of a simulated claim.
CREATE TABLE IF NOT EXISTS claims_live_scores (
    claim_id VARCHAR,
    flags VARCHAR[],
    rule_score DOUBLE,
    ml_score DOUBLE,
    ml_score_normalized DOUBLE,
    risk_score DOUBLE,
    narrative VARCHAR,
    ruleset_version VARCHAR,
    model_version VARCHAR,
    scored_at TIMESTAMPTZ
);

-- The answer sheet: nothing in the stream or the scores gives it away.
CREATE TABLE IF NOT EXISTS claims_live_truth (
    claim_id VARCHAR,
    window_start TIMESTAMPTZ,
    run_id VARCHAR,
    is_fraud BOOLEAN,
    fraud_scenario VARCHAR,
    generator VARCHAR,
    llm_model VARCHAR,
    prompt_version VARCHAR,
    generator_flags VARCHAR[],
    due_at TIMESTAMPTZ,
    published_at TIMESTAMPTZ
);

-- One row for every claim in claims_feed, replaced as a whole by a refresh.
CREATE TABLE IF NOT EXISTS claims_ml_scores (
    claim_id VARCHAR,
    ml_score DOUBLE,
    ml_score_normalized DOUBLE,
    model_version VARCHAR
);
