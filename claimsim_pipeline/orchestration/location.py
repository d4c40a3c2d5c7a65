"""All of the nouns, put together."""

from typing import Any

import dagster as dg

from claimsim_pipeline.orchestration.assets import assets
from claimsim_pipeline.orchestration.batches import llm_batch_sensor
from claimsim_pipeline.orchestration.jobs import (
    inject_claims,
    prune_old_claims,
    refresh_ml_scores,
    simulate_claims,
)
from claimsim_pipeline.orchestration.resources import resources
from claimsim_pipeline.orchestration.schedules import (
    prune_old_claims_schedule,
    simulate_claims_schedule,
)
from claimsim_pipeline.orchestration.sensors import ml_scores_refresh_sensor
from claimsim_pipeline.settings import Settings


def location(settings: Settings, **options: Any) -> dg.Definitions:
    """The code location for these settings.

    Runs execute in their own process: the steps follow one another anyway, and
    the lease has to be held over all of them.
    """
    simulate, refresh = simulate_claims(), refresh_ml_scores()
    prune = prune_old_claims(settings)
    return dg.Definitions(
        assets=dg.with_source_code_references(assets(settings)),
        jobs=[simulate, inject_claims(settings), refresh, prune],
        schedules=[
            simulate_claims_schedule(settings, simulate),
            prune_old_claims_schedule(settings, prune),
        ],
        sensors=[
            ml_scores_refresh_sensor(settings, refresh),
            llm_batch_sensor(settings, simulate),
        ],
        resources=resources(settings, **options),
        executor=dg.in_process_executor,
    )
