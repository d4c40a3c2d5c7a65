"""``claimsim scorecard``: the scores held against the answer sheet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from claimsim_pipeline.insight.scorecard import Scorecard, Tally


@click.command("scorecard")
@click.option("--run", "run_id", metavar="RUN_ID", help="Of one run; else of the whole stream.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(door: Door, /, run_id: str | None, as_json: bool) -> None:
    """Compare the scores with the answer sheet.

    A claim counts as caught, or as a false alarm, from a risk score of 0.7.
    """
    from rich.console import Console

    from claimsim_pipeline.composition import open_store
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.insight.scorecard import joined, scorecard

    store = open_store(door.settings())
    with progress(None, "Counting", None):
        claims = joined(store.truth(), store.scores(), store.stream())
    if run_id is not None:
        claims = claims[claims["run_id"] == run_id]
        if claims.empty:
            raise UsageError(f"No claim of run {run_id!r} is in the stream.")
    card = scorecard(claims)
    if as_json:
        click.echo(json.dumps(card.metadata(), indent=1))
        return
    Console().print(_table(card))
    click.echo(card.line())


def _table(card: Scorecard) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("", "claims", "planted", "caught", "share", "false alarms"):
        table.add_column(name, justify="left" if not name else "right")
    for tally in (*card.by_service, *card.by_scenario):
        table.add_row(*_row(tally))
    return table


def _row(tally: Tally) -> list[str]:
    share = "" if tally.caught_share is None else f"{tally.caught_share:.0%}"
    counts = (tally.claims, tally.planted, tally.caught)
    return [tally.name, *(f"{n:,}" for n in counts), share, f"{tally.false_alarms:,}"]
