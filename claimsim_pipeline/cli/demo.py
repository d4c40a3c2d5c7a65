"""``claimsim demo``: everything there is to see, from nothing, offline."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from claimsim_pipeline.cli.context import Door

if TYPE_CHECKING:
    from claimsim_pipeline.settings import Settings
    from claimsim_pipeline.simulation.clock import Clock, StopRequest
    from claimsim_pipeline.simulation.record import RunRecord
    from claimsim_pipeline.simulation.windows import Window

_SHOWN = 8


@click.command("demo")
@click.option("--rows", type=click.IntRange(1_000, 5_000_000), default=50_000, show_default=True)
@click.pass_obj
def command(door: Door, /, rows: int) -> int:
    """Make a demo database, simulate one window offline, show what came out.

    The database is SIM_HOME/analytics.duckdb; DUCKDB_PATH is left alone. The
    window is the last one that is complete, so its claims come at once.
    """
    home = door.settings().home
    settings = door.settings(DUCKDB_PATH=home / "analytics.duckdb", SIM_FORCE_LLM="false")
    home.mkdir(parents=True, exist_ok=True)
    _seed(settings, rows)
    started = time.perf_counter()
    record = _simulate(settings)
    _show(settings, record, time.perf_counter() - started)
    return 0


def _seed(settings: Settings, rows: int) -> None:
    from claimsim_pipeline.composition import open_store
    from claimsim_pipeline.demo.seed import seed_database
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.storage.base_table import NAME as BASE

    if settings.duckdb_path.exists() and BASE in open_store(settings).counts():
        return
    with progress(None, f"Making {rows:,} fictional base claims", None):
        seed_database(settings.duckdb_path, rows=rows, timezone=settings.timezone)
    click.echo(f"Made {settings.duckdb_path} with {rows:,} fictional claims in claims_normalized.")


def _simulate(settings: Settings) -> RunRecord:
    import secrets
    from zoneinfo import ZoneInfo

    from claimsim_pipeline.cli.announce import tell_dagster, write_page
    from claimsim_pipeline.composition import house, run_record, run_spec
    from claimsim_pipeline.insight.scorecard import RunningScorecard
    from claimsim_pipeline.simulation.clock import StopRequest, SystemClock
    from claimsim_pipeline.simulation.scope import run_scope
    from claimsim_pipeline.simulation.windows import current_window

    clock = SystemClock()
    zone = ZoneInfo(settings.timezone)
    window = current_window(clock.now() - timedelta(minutes=30), zone)
    run_id, spec = secrets.token_hex(6), run_spec(settings)
    record = run_record(settings, run_id, spec, clock.now(), window=window.key)
    card = RunningScorecard.of(record.listeners)
    with (
        StopRequest().on_signals() as stop,
        run_scope(house(settings), record, clock, wait_seconds=0.0),
    ):
        _publish(settings, window, record, clock, stop)
    tell_dagster(record, card)
    write_page(settings, record, clock.now())
    return record


def _publish(
    settings: Settings, window: Window, record: RunRecord, clock: Clock, stop: StopRequest
) -> None:
    from claimsim_pipeline.composition import load_model, open_store
    from claimsim_pipeline.generation.mutator import Mutator
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.simulation.ad_hoc import Makers
    from claimsim_pipeline.simulation.publication import Publisher, publish_windows
    from claimsim_pipeline.simulation.window_run import scored_windows

    store = open_store(settings)
    with stop.at_once("stopped before the first claim"):
        with progress(None, "Training the anomaly model (once per base table)", None):
            makers = Makers(Mutator(), load_model(settings, store))
        with progress(None, f"Simulating window {window.key}", None):
            batch = scored_windows(
                [window],
                record.spec,
                record.run_id,
                store=store,
                makers=makers,
                clock=clock,
                timezone=settings.timezone,
            )
    with progress(None, "Publishing", None):
        publish = Publisher(store, record, clock)
        publish_windows(publish, batch, [window.start], live=False, stop=stop)


def _show(settings: Settings, record: RunRecord, seconds: float) -> None:
    from rich.console import Console

    from claimsim_pipeline.composition import open_store, zone
    from claimsim_pipeline.insight.scorecard import joined, scorecard
    from claimsim_pipeline.insight.watch_screen import LEGEND, claims_table

    store = open_store(settings)
    console = Console()
    console.print(claims_table(store.newest(_SHOWN), zone(settings), console.width))
    console.print(LEGEND, style="dim", highlight=False)
    card = scorecard(joined(store.truth(), store.scores(), store.stream()))
    click.echo(
        f"Window {record.window}: {record.inserted} new claims in {seconds:.1f}s, made offline "
        f"(DuckDB: {settings.duckdb_path})."
    )
    click.echo(f"Answer sheet: {card.line()}.")
