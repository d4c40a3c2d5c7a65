"""``claimsim batch collect``: what the model's batch API has ready."""

from __future__ import annotations

import click

from claimsim_pipeline.cli.context import Door


@click.group("batch")
def command() -> None:
    """Windows that were submitted to the model's batch API."""


@command.command("collect")
@click.pass_obj
def collect(door: Door, /) -> None:
    """Fetch the replies that are ready, and say which windows can be published."""
    from claimsim_pipeline.composition import collect_batches

    collected = collect_batches(door.settings())
    if not collected:
        click.echo("No batch is waiting.")
    for batch in collected:
        click.echo(str(batch))
