"""The jobs that people, schedules and backends start."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from claimsim_pipeline.orchestration.injecting import inject
from claimsim_pipeline.orchestration.names import (
    CLAIMS_LIVE_STREAM,
    CLAIMS_ML_SCORES,
    GENERATED_CLAIMS,
    INJECT_CLAIMS,
    PRUNE_OLD_CLAIMS,
    REFRESH_ML_SCORES,
    SAMPLED_CONTEXT,
    SCORED_CLAIMS,
    SIMULATE_CLAIMS,
    TAGS,
)
from claimsim_pipeline.orchestration.pruning import prune
from claimsim_pipeline.settings import Settings

NEVER_AGAIN = {"dagster/retry_on_asset_or_op_failure": "false"}
"""Retries happen at one level, inside the model's client."""

BOUNDED = {"dagster/max_runtime": "14400"}
"""Seconds: a window, the simulation before it and a slow model take less; a hung run does not."""


def simulate_claims() -> UnresolvedAssetJobDefinition:
    """The four simulation assets, for a window or a range of them."""
    return dg.define_asset_job(
        SIMULATE_CLAIMS,
        selection=dg.AssetSelection.assets(
            SAMPLED_CONTEXT, GENERATED_CLAIMS, SCORED_CLAIMS, CLAIMS_LIVE_STREAM
        ),
        description="The claims of a half-hour window: sampled, generated, scored, published.",
        tags={**TAGS, **NEVER_AGAIN, **BOUNDED},
    )


def inject_claims(settings: Settings) -> dg.JobDefinition:
    """Claims from now on, outside the windows."""

    @dg.job(
        name=INJECT_CLAIMS,
        description="Claims from now for duration_seconds, each published when it is due.",
        tags={**TAGS, **NEVER_AGAIN},
    )
    def job() -> None:
        inject(settings)()

    return job


def refresh_ml_scores() -> UnresolvedAssetJobDefinition:
    """Scores for every claim of the feed."""
    return dg.define_asset_job(
        REFRESH_ML_SCORES,
        selection=dg.AssetSelection.assets(CLAIMS_ML_SCORES),
        description="Scores every claim of the feed anew and replaces the cache.",
        tags={**TAGS, **NEVER_AGAIN, **BOUNDED},
    )


def prune_old_claims(settings: Settings) -> dg.JobDefinition:
    """Deletes simulated claims past the retention."""

    @dg.job(
        name=PRUNE_OLD_CLAIMS,
        description="Deletes simulated claims older than SIM_RETENTION_DAYS. Real ones stay.",
        tags={**TAGS, **NEVER_AGAIN, **BOUNDED},
    )
    def job() -> None:
        prune(settings)()

    return job
