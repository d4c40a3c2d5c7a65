"""Names that users, schedules and dashboards rely on; fixed by the contract."""

GROUP = "simulation"

CLAIMS_NORMALIZED = "claims_normalized"
SAMPLED_CONTEXT = "sampled_context"
GENERATED_CLAIMS = "generated_claims"
SCORED_CLAIMS = "scored_claims"
CLAIMS_LIVE_STREAM = "claims_live_stream"
CLAIMS_ML_SCORES = "claims_ml_scores"

SIMULATE_CLAIMS = "simulate_claims"
INJECT_CLAIMS = "inject_claims"
REFRESH_ML_SCORES = "refresh_ml_scores"
PRUNE_OLD_CLAIMS = "prune_old_claims"

OWNERS = ["team:fraud-analytics"]
TAGS = {"domain": "bpjs-claims", "data": "simulated"}

MODULE = "claimsim_pipeline.definitions"

POOL = "claimsim_simulation"
"""What simulates or prunes takes this pool: one run of them at a time leaves the queue."""


class Measure:
    """Metadata that is plotted over time and read by the sensor; never renamed."""

    ROWS = "dagster/row_count"
    PARTITION_ROWS = "dagster/partition_row_count"
    INSERTED = "claims/inserted"
    REMOVED = "claims/removed"
    PRUNED = "claims/pruned"
    FRAUDULENT = "claims/fraudulent"
    FRAUD_RATIO = "fraud/ratio"
    FRAUD_TARGET = "fraud/target"
    PLANTED = "scorecard/planted"
    CAUGHT = "scorecard/caught"
    FALSE_ALARMS = "scorecard/false_alarms"
    WORST_LATENESS = "pace/worst_lateness_seconds"
    COST = "llm/cost_usd"
    INPUT_TOKENS = "llm/input_tokens"
    CACHED_TOKENS = "llm/cached_tokens"
    OUTPUT_TOKENS = "llm/output_tokens"
    SEEN_THROUGH = "refresh/seen_through"
