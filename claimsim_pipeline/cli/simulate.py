"""``claimsim simulate``: claims from now on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.cli.options import as_environment, run_options, wait_option
from claimsim_pipeline.errors import (
    DiskFull,
    GenerationError,
    Interrupted,
    LLMUnavailable,
    StoreBusy,
    UsageError,
)

if TYPE_CHECKING:
    from claimsim_pipeline.generation.door import ClaimGenerator
    from claimsim_pipeline.settings import Settings
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun
    from claimsim_pipeline.simulation.clock import Clock, StopRequest
    from claimsim_pipeline.simulation.record import RunRecord


@click.command("simulate")
@run_options
@click.option(
    "--pace",
    type=click.Choice(["live", "instant"]),
    default="live",
    show_default=True,
    help="live: each claim when it is due; instant: all at once, the last one now.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="Fixes everything but ids and times."
)
@wait_option("For the lease.")
@click.option("--resume", metavar="RUN_ID", help="Go on with an interrupted run.")
@click.option("--estimate", is_flag=True, help="Say what the run would cost, and stop.")
@click.option("--regenerate", is_flag=True, help="Buy replies anew that the journal holds.")
@click.pass_obj
def command(
    door: Door,
    /,
    pace: str,
    seed: int | None,
    wait: float,
    resume: str | None,
    estimate: bool,
    regenerate: bool,
    **options: Any,
) -> int:
    """Simulate claims from now on, and let them appear in claims_live_stream."""
    told = as_environment(**options)
    if resume and (any(v is not None for v in told.values()) or seed is not None):
        raise UsageError(
            "--resume goes on with a run as it was planned; leave the other options of the run out."
        )
    settings = door.settings(**told)
    run = _run(settings, seed, pace, resume)
    if estimate:
        return _estimate(settings, run)
    return _simulate(settings, run, wait=wait, regenerate=regenerate)


def _run(settings: Settings, seed: int | None, pace: str, resume: str | None) -> AdHocRun:
    from claimsim_pipeline.composition import run_spec
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun
    from claimsim_pipeline.simulation.clock import SystemClock

    if resume:
        return AdHocRun.resumed(resume, settings.home)
    spec = run_spec(settings, seed=seed)
    return AdHocRun.beginning(SystemClock().now(), spec, live=pace == "live")


def _estimate(settings: Settings, run: AdHocRun) -> int:
    from claimsim_pipeline.composition import estimate_run
    from claimsim_pipeline.insight.progress import progress

    with progress(None, "Estimating", None):
        expected = estimate_run(settings, run)
    dollars, usage = "cost unknown", expected.usage
    if expected.cost_usd is not None:
        dollars = f"US$ {expected.cost_usd:.4f}"
        dollars += f", or US$ {expected.batch_usd:.4f} through the batch API (a backfill)"
    click.echo(
        f"{expected.claims:,} claims by {settings.llm_model}: about {usage.input_tokens:,} input "
        f"and {usage.output_tokens:,} output tokens, {dollars} ({expected.note})."
    )
    return 0


def _simulate(settings: Settings, run: AdHocRun, *, wait: float, regenerate: bool) -> int:
    from claimsim_pipeline.cli.announce import tell_dagster, write_page
    from claimsim_pipeline.composition import house, make_generator, run_record
    from claimsim_pipeline.insight.scorecard import RunningScorecard
    from claimsim_pipeline.simulation.clock import StopRequest, SystemClock
    from claimsim_pipeline.simulation.scope import run_scope

    clock = SystemClock()
    generator = make_generator(settings, run_id=run.run_id, regenerate=regenerate)
    record = run_record(settings, run.run_id, run.spec, clock.now())
    record.watch(generator, settings.llm_model)
    card = RunningScorecard.of(record.listeners)
    with StopRequest().on_signals() as stop:
        try:
            with run_scope(house(settings), record, clock, wait_seconds=wait, stop=stop):
                _stream(settings, run, generator, record, clock, stop)
        except Interrupted as stopped:
            if record.status == "interrupted":  # it had begun, so it can be resumed
                click.echo(f"Go on with it: claimsim simulate --resume {run.run_id}", err=True)
            record.close(stopped)
            _last_words(settings, record, clock.now())
            return stopped.exit_code
        except (StoreBusy, DiskFull, GenerationError) as error:
            hopeless = isinstance(error, LLMUnavailable) and not record.inserted
            if record.status in ("failed", "budget_stopped") and not hopeless:  # it had begun
                click.echo(f"Go on with it: claimsim simulate --resume {run.run_id}", err=True)
            raise
        finally:
            tell_dagster(record, card)
    ended = clock.now()
    write_page(settings, record, ended)
    _last_words(settings, record, ended)
    return 0


def _stream(
    settings: Settings,
    run: AdHocRun,
    generator: ClaimGenerator,
    record: RunRecord,
    clock: Clock,
    stop: StopRequest,
) -> None:
    from claimsim_pipeline.cli.announce import show_claims
    from claimsim_pipeline.composition import load_model, open_store
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.simulation.ad_hoc import Makers
    from claimsim_pipeline.simulation.streaming import stream_run

    run = run.keep(settings.home)
    store = open_store(settings)
    with (
        stop.at_once("stopped before the first claim"),
        progress(None, "Loading the anomaly model", None),
    ):
        makers = Makers(generator, load_model(settings, store))
    with progress(None, "Simulating", run.planned) as reporter:
        stream_run(
            run,
            record,
            store=store,
            makers=makers,
            clock=clock,
            stop=stop,
            told=show_claims(reporter, record, live=run.live),
        )


def _last_words(settings: Settings, record: RunRecord, ended: datetime) -> None:
    for remark in record.remarks():
        click.echo(remark, err=True)
    seconds = (ended - record.started_at).total_seconds()
    click.echo(
        f"Simulation {record.status}. Inserted {record.inserted} claims in {seconds:.1f}s "
        f"(DuckDB: {settings.duckdb_path})."
    )
