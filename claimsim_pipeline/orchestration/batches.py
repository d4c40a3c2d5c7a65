"""The collector of batches: windows whose replies have come are simulated again.

With ``SIM_LLM_BATCH`` a backfill submits its prompts and ends; the replies come
hours later. Looking after them costs a request, never money.
"""

from typing import Any

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
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        finished = composition.collect_batches(settings)
        if not finished:
            return dg.SensorResult(skip_reason="No batch has come back.")
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=f"{batch.batch_id}-{key}",
                    partition_key=key,
                    run_config=_config_of(context.instance, batch.run_id),
                )
                for batch in finished
                for key in batch.windows
            ]
        )

    return sensor


def _config_of(instance: dg.DagsterInstance, run_id: str) -> dict[str, Any]:
    """The config that the batch was submitted with; another would ask for other claims."""
    run = instance.get_run_by_id(run_id)
    return dict(run.run_config) if run is not None else {}
