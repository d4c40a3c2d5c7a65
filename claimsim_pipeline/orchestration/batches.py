"""The collector of batches: windows whose replies have come are simulated again.

With ``SIM_LLM_BATCH`` a backfill submits its prompts and ends; the replies come
hours later. Looking after them costs a request, never money: the windows are
planned as they were when they were submitted, whatever the settings say now, and
``regenerate`` is left out, as it would have each collection submit another batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from claimsim_pipeline import composition
from claimsim_pipeline.orchestration.names import SAMPLED_CONTEXT, SIMULATE_CLAIMS
from claimsim_pipeline.settings import Settings

if TYPE_CHECKING:
    from claimsim_pipeline.generation.llm.batch_state import BatchState

_BATCH = "claimsim/batch"
_WINDOW = "dagster/partition"


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
        found = composition.collect_batches(settings)
        batches = [b for b in found if not _published(context.instance, settings, b)]
        requests = [
            request
            for batch in batches
            if batch.finished and batch.model == settings.llm_model
            for request in _requests(settings, batch)
        ]
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SensorResult(skip_reason=_nothing(settings, batches))

    return sensor


def _requests(settings: Settings, batch: "BatchState") -> Iterator[dg.RunRequest]:
    config = _config_of(settings, batch)
    for key in batch.windows:
        yield dg.RunRequest(
            run_key=f"{batch.batch_id}-{key}",
            partition_key=key,
            run_config=config,
            tags={_BATCH: batch.batch_id},
        )


def _config_of(settings: Settings, batch: "BatchState") -> Mapping[str, Any]:
    """The plan that the batch was submitted with; another would ask for other claims."""
    spec = asdict(composition.batch_plan(settings, batch.run_id))
    del spec["prefix"]  # no choice of a run, and not in a request
    told = {name: value for name, value in spec.items() if value is not None}
    return {"ops": {SAMPLED_CONTEXT: {"config": told}}}


def _published(instance: dg.DagsterInstance, settings: Settings, batch: "BatchState") -> bool:
    """Whether our runs have published all its windows; then nobody collects it again."""
    if not batch.finished:
        return False
    wanted = dg.RunsFilter(
        job_name=SIMULATE_CLAIMS,
        tags={_BATCH: batch.batch_id},
        statuses=[dg.DagsterRunStatus.SUCCESS],
    )
    done = {run.tags.get(_WINDOW) for run in instance.get_runs(wanted)}
    if not done.issuperset(batch.windows):
        return False
    composition.acknowledge_batch(settings, batch.batch_id)
    return True


def _nothing(settings: Settings, batches: Sequence["BatchState"]) -> str:
    """Why no run is asked for."""
    others = [batch for batch in batches if batch.finished]
    if not others:
        return "\n".join(["No batch has come back.", *map(str, batches)])
    return (
        f"{', '.join(b.batch_id for b in others)} came from {others[0].model}, and SIM_LLM_MODEL "
        f"is {settings.llm_model}, which would have to be paid again: `claimsim batch collect` "
        "publishes what came back, or set SIM_LLM_MODEL as it was."
    )
