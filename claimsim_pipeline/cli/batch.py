"""``claimsim batch collect``: what the model's batch API has ready is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.cli.options import wait_option

if TYPE_CHECKING:
    from claimsim_pipeline.generation.llm.batch_state import BatchState
    from claimsim_pipeline.settings import Settings
    from claimsim_pipeline.simulation.clock import Clock
    from claimsim_pipeline.simulation.record import RunRecord


@click.group("batch")
def command() -> None:
    """Windows that were submitted to the model's batch API."""


@command.command("collect")
@wait_option("For the lease.")
@click.pass_obj
def collect(door: Door, /, wait: float) -> None:
    """Fetch the replies that are ready, and publish their windows.

    What a batch did not bring is asked for by single calls. Nothing is bought twice.
    """
    from claimsim_pipeline.composition import acknowledge_batch, collect_batches
    from claimsim_pipeline.insight.progress import progress

    settings = door.settings()
    with progress(None, "Asking for batches", None):
        batches = collect_batches(settings)
    if not any(batch.finished for batch in batches):
        click.echo("No batch is ready.")
    for batch in batches:
        click.echo(str(batch))
        if not batch.finished:
            continue
        asked = settings.model_copy(update={"llm_model": batch.model})  # else all is bought anew
        with progress(None, f"Publishing {len(batch.windows):,} windows", None):
            record = _publish(asked, batch, wait)
        acknowledge_batch(settings, batch.batch_id)
        for remark in record.remarks():
            click.echo(remark, err=True)
        click.echo(f"Published {record.inserted:,} claims in {len(batch.windows):,} windows.")


def _publish(settings: Settings, batch: BatchState, wait: float) -> RunRecord:
    import secrets

    from claimsim_pipeline.composition import batch_plan, house, run_record
    from claimsim_pipeline.simulation.clock import SystemClock
    from claimsim_pipeline.simulation.scope import run_scope

    clock = SystemClock()
    spec = batch_plan(settings, batch.run_id)
    span = (
        batch.windows[0] if len(batch.windows) == 1 else f"{batch.windows[0]}...{batch.windows[-1]}"
    )
    record = run_record(settings, secrets.token_hex(6), spec, clock.now(), window=span)
    with run_scope(house(settings), record, clock, wait_seconds=wait):
        _publish_windows(settings, batch, record, clock)
    return record


def _publish_windows(
    settings: Settings, batch: BatchState, record: RunRecord, clock: Clock
) -> None:
    from claimsim_pipeline.composition import load_model, make_generator, open_store, zone
    from claimsim_pipeline.simulation.ad_hoc import Makers
    from claimsim_pipeline.simulation.clock import StopRequest
    from claimsim_pipeline.simulation.publication import Publisher, publish_windows
    from claimsim_pipeline.simulation.window_run import scored_windows
    from claimsim_pipeline.simulation.windows import parse_window

    store = open_store(settings)
    generator = make_generator(settings, run_id=record.run_id)
    record.watch(generator, settings.llm_model)
    windows = [
        parse_window(key, zone(settings), settings.partitions_start, clock.now())
        for key in batch.windows
    ]
    claims = scored_windows(
        windows,
        record.spec,
        record.run_id,
        store=store,
        makers=Makers(generator, load_model(settings, store)),
        clock=clock,
        timezone=settings.timezone,
    )
    publish_windows(
        Publisher(store, record, clock),
        claims,
        [window.start for window in windows],
        live=False,
        stop=StopRequest(),
    )
