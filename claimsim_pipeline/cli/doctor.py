"""``claimsim doctor``: everything a run needs, looked at, with the remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from claimsim_pipeline.insight.doctor import Finding, Premises
    from claimsim_pipeline.settings import Settings

_PATIENCE_SECONDS = 2.0
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--call", is_flag=True, help="Call the model once, for a few tokens.")
@click.pass_obj
def command(door: Door, /, as_json: bool, call: bool) -> int:
    """Check everything a run needs, and say how to mend it.

    Each line is ok, a warning or a problem; exit code 1 if there is a problem.
    The key is never shown, and the model is called with --call only.
    """
    from claimsim_pipeline.insight.doctor import State, worst
    from claimsim_pipeline.insight.doctor import as_json as plain
    from claimsim_pipeline.insight.progress import progress

    with progress(None, "Looking at everything", None):
        findings = list(_examined(door, call=call))
    if as_json:
        click.echo(json.dumps(plain(findings), indent=1, ensure_ascii=False))
    else:
        _show(findings)
    return int(worst(findings) is State.PROBLEM)


def _examined(door: Door, *, call: bool) -> Iterator[Finding]:
    from claimsim_pipeline.insight import doctor_machine as machine
    from claimsim_pipeline.insight.doctor import ok, problem
    from claimsim_pipeline.settings import environment_names

    yield machine.python()
    yield machine.packages()
    names = [name for each in environment_names().values() for name in each]
    yield from machine.variables(door.environ, names)
    try:
        settings = door.settings()
    except SettingsError as error:
        remedy = "Correct it in the environment or in .env; everything else waits for that."
        for line in str(error).splitlines():
            yield problem("Settings", line, remedy)
        return
    yield ok("Settings", "all values are allowed")
    yield from _of_the_house(settings, call=call)
    yield from _of_dagster(door, settings)


def _of_the_house(settings: Settings, *, call: bool) -> Iterator[Finding]:
    from claimsim_pipeline.composition import open_store
    from claimsim_pipeline.insight import doctor_machine as machine
    from claimsim_pipeline.insight import doctor_model as model
    from claimsim_pipeline.insight.doctor_database import database

    premises = _premises(settings)
    yield from machine.folders(premises)
    patient = settings.model_copy(update={"store_deadline_seconds": _PATIENCE_SECONDS})
    yield from database(premises, open_store(patient))
    yield from _runs(settings)
    yield model.key(premises)
    if call:
        yield model.call(premises, settings.openai_api_key)
    else:
        yield model.not_called(premises)


def _runs(settings: Settings) -> Iterator[Finding]:
    from claimsim_pipeline.composition import run_log
    from claimsim_pipeline.insight.doctor_runs import unfinished

    dead = run_log(settings).dead()
    return unfinished(dead, [run_id for run_id in dead if _is_kept(run_id, settings.home)])


def _is_kept(run_id: str, home: Path) -> bool:
    from claimsim_pipeline.errors import UsageError
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun

    try:
        AdHocRun.resumed(run_id, home)
    except UsageError:
        return False
    return True


def _premises(settings: Settings) -> Premises:
    from claimsim_pipeline.insight.doctor import Premises

    folders = {
        "DUCKDB_PATH": settings.duckdb_path.parent,
        "SIM_HOME": settings.home,
        "SIM_LOG_PATH": settings.log_path.parent,
        "SIM_SCORES_PATH": settings.scores_path.parent,
    }
    if settings.feed_snapshot is not None:
        folders["SIM_FEED_SNAPSHOT"] = settings.feed_snapshot.parent
    return Premises(
        database=settings.duckdb_path,
        folders=folders,
        max_database_gb=settings.max_db_gb,
        has_key=settings.openai_api_key is not None,
        force_llm=settings.force_llm,
        model=settings.llm_model,
        address=settings.openai_base_url,
    )


def _of_dagster(door: Door, settings: Settings) -> Iterator[Finding]:
    from claimsim_pipeline.insight.doctor import ok, warning

    home = door.environ.get("DAGSTER_HOME", "")
    if not home or not Path(home).is_dir():
        yield warning(
            "Dagster",
            f"DAGSTER_HOME is {'not set' if not home else f'{home}, which is no folder'}: Dagster "
            "is not told of runs of the command line.",
            "`make dev` makes .dagster; then: export DAGSTER_HOME=$PWD/.dagster",
        )
        return
    if not (Path(home) / "dagster.yaml").is_file():
        remedy = "Copy the project's dagster.yaml there: it queues runs and watches over them."
        yield warning("Dagster", f"{home} has no dagster.yaml", remedy)
    else:
        yield ok("Dagster", f"home is {home}")
    yield from _of_the_instance(settings, Path(home))


def _of_the_instance(settings: Settings, home: Path) -> Iterator[Finding]:
    from claimsim_pipeline.insight.doctor import ok, problem, warning
    from claimsim_pipeline.orchestration.state import dagster_state

    try:
        state = dagster_state(settings, home)
    except Exception as error:  # noqa: BLE001 - Dagster's storages raise what they like
        remedy = "See dagster.yaml in that folder, or set DAGSTER_HOME to another."
        yield problem("Dagster", f"{home} cannot be read: {error}", remedy)
        return
    switched_on = [*_on(state.schedules), *_on(state.sensors)]
    if state.daemon_runs:
        yield ok("Daemon", "runs")
    elif switched_on:
        told = f"does not run, so these never tick: {', '.join(switched_on)}"
        yield problem("Daemon", told, "Start it: make dev (or dagster-daemon run).")
    else:
        told = "does not run: no schedule, no sensor, no queue of runs"
        yield warning(
            "Daemon", told, "Start it if you want them: make dev (or dagster-daemon run)."
        )
    for kind, states in (("Schedule", state.schedules), ("Sensor", state.sensors)):
        for name, running in states.items():
            yield ok(kind, f"{name} is {'on' if running else 'off'}")


def _on(states: Mapping[str, bool]) -> list[str]:
    return [name for name, running in states.items() if running]


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        state = click.style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
        click.echo(f"{state} {finding.check:<11} {finding.text}")
        if finding.remedy:
            click.echo(f"{'':21}-> {finding.remedy}")
    counts = {state: sum(finding.state == state for finding in findings) for state in _COLOURS}
    click.echo(", ".join(_counted(count, state) for state, count in counts.items()))


def _counted(count: int, state: str) -> str:
    return f"{count} {state}" if state == "ok" or count == 1 else f"{count} {state}s"
