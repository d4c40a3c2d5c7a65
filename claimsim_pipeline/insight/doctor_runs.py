"""Runs that were killed: what they published stays, the rest can be had."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from claimsim_pipeline.insight.doctor import Finding, ok, warning


def unfinished(dead: Collection[str], resumable: Collection[str]) -> Iterator[Finding]:
    """Runs that ended without a word, each with the way to have the rest of it.

    A killed run is told until the next one has written its line into the run log.

    Args:
        dead: Ids of the runs.
        resumable: Those among them that were not of a window.
    """
    if not dead:
        yield ok("Runs", "none was killed and left unfinished")
    for run_id in dead:
        remedy = "Make its window again: materialize it, with all four simulation assets."
        if run_id in resumable:
            remedy = f"Go on with it: claimsim simulate --resume {run_id}"
        yield warning("Runs", f"{run_id} was killed before it had finished.", remedy)
