"""The collector of batches: windows whose replies have come are simulated again.

With ``SIM_LLM_BATCH`` a backfill submits its prompts and ends; the replies come
hours later. Looking after them costs a request, never money.
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from claimsim_pipeline import composition
from claimsim_pipeline.settings import Settings


def llm_batch_sensor(settings: Settings, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Asks for the runs of windows whose batch is complete."""

    @dg.sensor(
        name="llm_batch_sensor",
        job=job,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Collects batches of the model's batch API and finishes their windows.",
    )
    def sensor(_context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not settings.llm_batch:
            return dg.SensorResult(skip_reason="SIM_LLM_BATCH is off.")
        finished = composition.collect_batches(settings)
        if not finished:
            return dg.SensorResult(skip_reason="No batch has come back.")
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=f"{batch.batch_id}-{key}", partition_key=key)
                for batch in finished
                for key in batch.windows
            ]
        )

    return sensor
