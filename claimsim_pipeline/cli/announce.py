"""Telling others what a run does: the terminal, claim by claim; Dagster, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from claimsim_pipeline.cli.context import Door
    from claimsim_pipeline.insight.progress import Reporter
    from claimsim_pipeline.insight.scorecard import RunningScorecard
    from claimsim_pipeline.settings import Settings
    from claimsim_pipeline.simulation.record import RunRecord


def show_claims(
    reporter: Reporter, record: RunRecord, *, live: bool
) -> Callable[[pd.DataFrame, datetime], None]:
    """A listener that tells the reporter of each publication; only a live one can be late."""

    def told(published: pd.DataFrame, at: datetime) -> None:
        if published.empty:
            return
        late = (at - published["due_at"].min().to_pydatetime()).total_seconds()
        cost = record.spending.cost_usd if record.spending else None
        reporter.advance(
            len(published),
            fraud=record.fraudulent,
            generator=str(published["generator"].iloc[-1]),
            lateness=late if live else None,
            cost=cost,
        )

    return told


def tell_dagster(record: RunRecord, card: RunningScorecard) -> None:
    """Report the run's counts to the Dagster instance, if ``DAGSTER_HOME`` names one."""
    import os

    if not os.environ.get("DAGSTER_HOME") or not record.inserted:
        return
    from claimsim_pipeline.orchestration.events import report_runless_publication

    report_runless_publication(record, card)


def write_page(settings: Settings, record: RunRecord, now: datetime) -> None:
    """Write the page of high-risk claims anew, if the run changed anything.

    A page that cannot be written is said and does not fail the run.
    """
    import click

    from claimsim_pipeline import composition
    from claimsim_pipeline.errors import ClaimsimError

    if not record.inserted:
        return
    try:
        path = composition.write_page(settings, now)
    except ClaimsimError as error:
        click.echo(f"The page was not written: {error}", err=True)
    else:
        click.echo(f"Page: {path}", err=True)


@contextmanager
def told_to_dagster(door: Door) -> Iterator[dict[str, Any]]:
    """Tell the Dagster instance, if there is one, of a refresh within the block."""
    if not door.environ.get("DAGSTER_HOME"):
        yield {}
        return
    from claimsim_pipeline.orchestration.events import runless_refresh

    with runless_refresh() as told:
        yield told
