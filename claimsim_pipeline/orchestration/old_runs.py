"""Old Dagster runs of the simulation go with their claims: their events, and what they printed."""

import logging
import os
from collections.abc import Iterator
from datetime import datetime

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from claimsim_pipeline.orchestration.names import (
    CLAIMS_LIVE_STREAM,
    GENERATED_CLAIMS,
    INJECT_CLAIMS,
    PRUNE_OLD_CLAIMS,
    SAMPLED_CONTEXT,
    SCORED_CLAIMS,
    SIMULATE_CLAIMS,
)

_LOG = logging.getLogger("claimsim")
_JOBS = (SIMULATE_CLAIMS, INJECT_CLAIMS, PRUNE_OLD_CLAIMS)
"""Jobs whose old runs go. Those of a refresh stay: the sensor counts from the last one."""
_ASSETS = frozenset(
    map(dg.AssetKey, (SAMPLED_CONTEXT, GENERATED_CLAIMS, SCORED_CLAIMS, CLAIMS_LIVE_STREAM))
)
_RUNS_AT_ONCE = 100


def forget(instance: dg.DagsterInstance, cutoff: datetime) -> int:
    """Delete finished runs from before the cutoff; how many."""
    jobs = (*_JOBS, IMPLICIT_ASSET_JOB_NAME)
    old = [run.run_id for job in jobs for run in _finished(instance, job, cutoff) if _is_ours(run)]
    for run_id in old:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return len(old)


def forget_at_home(cutoff: datetime) -> int:
    """Delete old runs of the instance at ``DAGSTER_HOME``, if there is one; how many.

    Never fails a pruning of the command line: what goes wrong is said on the log.
    """
    if not os.environ.get("DAGSTER_HOME"):
        return 0
    try:
        with dg.DagsterInstance.get() as instance:
            return forget(instance, cutoff)
    except Exception as error:  # noqa: BLE001 - Dagster's storages raise what they like
        _LOG.warning("Old runs of Dagster were not deleted: %s", error)
        return 0


def _is_ours(run: dg.DagsterRun) -> bool:
    """Whether a run made claims and nothing else.

    What the UI materializes without a job is in Dagster's own, whichever assets it is for.
    """
    if run.job_name != IMPLICIT_ASSET_JOB_NAME:
        return True
    return bool(run.asset_selection) and _ASSETS.issuperset(run.asset_selection or ())


def _finished(instance: dg.DagsterInstance, job: str, cutoff: datetime) -> Iterator[dg.DagsterRun]:
    """The job's finished runs from before the cutoff, newest first."""
    old = dg.RunsFilter(job_name=job, statuses=FINISHED_STATUSES, created_before=cutoff)
    last: str | None = None
    while runs := instance.get_runs(old, cursor=last, limit=_RUNS_AT_ONCE):
        yield from runs
        last = runs[-1].run_id
