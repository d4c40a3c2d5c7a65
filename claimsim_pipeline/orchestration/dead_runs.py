"""Runs that were killed and that Dagster takes to be alive.

Nobody watches a ``dagster job execute``: killed, it stays STARTED, and the queue
waits for it. Its start marker, without a lease behind it, tells the truth; so does
the file of one that was killed while it waited for the lease.
"""

from collections.abc import Sequence

import dagster as dg

from claimsim_pipeline import composition
from claimsim_pipeline.settings import Settings

AD_HOC = "claimsim/run_id"
"""Tag of a Dagster run whose claims are those of an ad hoc run: the id to resume it by."""

_KILLED = (
    "The process of this run died without a word. What it published stays; make its window again, "
    "or resume its ad hoc run, to have the rest."
)


def end_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> Sequence[str]:
    """Tell Dagster that the killed runs on this database have failed; their ids."""
    ended = []
    for run_id in composition.dead_runs(settings):
        for run in _runs(instance, run_id):
            if not run.is_finished:
                instance.report_run_failed(run, _KILLED)
                ended.append(run.run_id)
    return ended


def _runs(instance: dg.DagsterInstance, run_id: str) -> Sequence[dg.DagsterRun]:
    """Dagster's run of that id, or the one that made the claims of that ad hoc run."""
    known = instance.get_run_by_id(run_id)
    if known is not None:
        return [known]
    return instance.get_runs(dg.RunsFilter(tags={AD_HOC: run_id}))
