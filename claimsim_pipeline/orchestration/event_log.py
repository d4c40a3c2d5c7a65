"""Reading Dagster's event log: what was told of the stream, and what runs now."""

from collections.abc import Callable, Iterator

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from claimsim_pipeline.orchestration.names import CLAIMS_LIVE_STREAM

_STREAM = dg.AssetKey(CLAIMS_LIVE_STREAM)
_PAGE = 1_000


def stream_materializations(
    instance: dg.DagsterInstance, after: int
) -> Iterator[dg.EventLogRecord]:
    """Materializations of the stream after an event, oldest first."""
    return _pages(instance.fetch_materializations, after)


def stream_observations(instance: dg.DagsterInstance, after: int) -> Iterator[dg.EventLogRecord]:
    """Observations of the stream after an event, oldest first."""
    return _pages(instance.fetch_observations, after)


def latest_stream_event(instance: dg.DagsterInstance, before: float | None = None) -> int:
    """The newest event of the stream (before a time); 0 if there is none."""
    wanted = dg.AssetRecordsFilter(_STREAM, before_timestamp=before)
    newest = [
        record.storage_id
        for fetch in (instance.fetch_materializations, instance.fetch_observations)
        for record in fetch(wanted, limit=1).records
    ]
    return max(newest, default=0)


def measured(record: dg.EventLogRecord, name: str) -> int:
    """A whole number of an event's metadata; 0 if it has none of that name."""
    event = record.asset_materialization or record.asset_observation
    value = event.metadata.get(name) if event else None
    return value.value if isinstance(value, dg.IntMetadataValue) and value.value else 0


def in_flight(instance: dg.DagsterInstance, job: str, asset: str) -> bool:
    """Whether a run of the job, or of the asset from the UI, is queued or under way."""
    key = dg.AssetKey(asset)
    unfinished = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return any(run.job_name == job or key in (run.asset_selection or ()) for run in unfinished)


def _pages(fetch: Callable[..., dg.EventRecordsResult], after: int) -> Iterator[dg.EventLogRecord]:
    while True:
        wanted = dg.AssetRecordsFilter(_STREAM, after_storage_id=after)
        records = fetch(wanted, limit=_PAGE, ascending=True).records
        yield from records
        if len(records) < _PAGE:
            return
        after = records[-1].storage_id
