"""The gate before a refresh of the scores.

It never opens the database: a simulation may hold that for longer than a tick
may take. What it knows comes from the event log, and all of it can be counted
again, so that a restart neither loses nor doubles a refresh:

- a refresh records the newest event of the stream that it has seen;
- the sensor counts the claims of the events after that one;
- the key of its request says after which event, for which multiple of the
  threshold and at which attempt, so that Dagster launches each once.
"""

import json
from dataclasses import asdict, dataclass

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from claimsim_pipeline.orchestration.event_log import (
    in_flight,
    measured,
    stream_materializations,
    stream_observations,
)
from claimsim_pipeline.orchestration.names import (
    CLAIMS_ML_SCORES,
    REFRESH_ML_SCORES,
    Measure,
)
from claimsim_pipeline.settings import Settings

_MOST_ATTEMPTS = 3
_AFTER = "claimsim/refresh_after"


@dataclass
class Count:
    """New and pruned claims since a refresh; the sensor's cursor.

    Attributes:
        after: Newest event of the stream that the last refresh had seen.
        published: Newest materialization that is counted.
        observed: Newest observation that is counted.
        new: Claims that came after the refresh.
        pruned: Claims that went.
    """

    after: int = 0
    published: int = 0
    observed: int = 0
    new: int = 0
    pruned: int = 0

    @classmethod
    def continued(cls, cursor: str | None, after: int) -> "Count":
        """The count of the last tick, or a new one if there was a refresh since."""
        told = json.loads(cursor) if cursor else {}
        if told.get("after") != after:
            return cls(after, after, after)
        return cls(**told)

    def bring_up_to_date(self, instance: dg.DagsterInstance) -> None:
        """Count the events that came since the last tick."""
        for record in stream_materializations(instance, self.published):
            self.published = record.storage_id
            self.new += measured(record, Measure.INSERTED)
        for record in stream_observations(instance, self.observed):
            self.observed = record.storage_id
            self.new += measured(record, Measure.INSERTED)
            self.pruned += measured(record, Measure.PRUNED)


def ml_scores_refresh_sensor(
    settings: Settings, job: UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    """Asks for a refresh once enough claims have come or gone, one at a time."""
    enough = settings.refresh_min_claims

    @dg.sensor(
        name="ml_scores_refresh_sensor",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Refreshes claims_ml_scores when {enough} claims (SIM_REFRESH_MIN_CLAIMS) have been "
            "published, or pruned, since the last refresh. Counts events; opens no database."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        instance = context.instance
        count = Count.continued(context.cursor, seen_by_last_refresh(instance))
        count.bring_up_to_date(instance)
        cursor = json.dumps(asdict(count))
        changed = max(count.new, count.pruned)
        if changed < enough:
            return _later(f"{changed} of {enough} claims since the last refresh.", cursor)
        if in_flight(instance, REFRESH_ML_SCORES, CLAIMS_ML_SCORES):
            return _later("A refresh is under way.", cursor)
        return dg.SensorResult(run_requests=[_request(instance, count, enough)], cursor=cursor)

    return sensor


def seen_by_last_refresh(instance: dg.DagsterInstance) -> int:
    """The newest event of the stream that the last refresh had seen; 0 if there was none."""
    event = instance.get_latest_materialization_event(dg.AssetKey(CLAIMS_ML_SCORES))
    materialization = event.asset_materialization if event else None
    value = materialization.metadata.get(Measure.SEEN_THROUGH) if materialization else None
    return value.value or 0 if isinstance(value, dg.IntMetadataValue) else 0


def _request(instance: dg.DagsterInstance, count: Count, enough: int) -> dg.RunRequest:
    tried = instance.get_runs_count(
        dg.RunsFilter(
            job_name=REFRESH_ML_SCORES,
            tags={_AFTER: str(count.after)},
            statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
        )
    )
    attempt = min(tried, _MOST_ATTEMPTS - 1)
    multiple = max(count.new, count.pruned) // enough
    return dg.RunRequest(
        run_key=f"refresh-{count.after}-{multiple}-{attempt}", tags={_AFTER: str(count.after)}
    )


def _later(why: str, cursor: str) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=why, cursor=cursor)
