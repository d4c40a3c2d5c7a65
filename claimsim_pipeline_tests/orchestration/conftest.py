"""A small base, a code location on a copy of it, and a Dagster instance in memory."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from claimsim_pipeline.definitions import build_definitions
from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.settings import Settings, load_settings
from claimsim_pipeline.simulation.clock import Doorbell

NOW = datetime(2026, 11, 23, 1, 10, tzinfo=UTC)  # 08:10 in Jakarta
WINDOWS = ("2026-11-23-07:00", "2026-11-23-07:30")
ROWS = 600  # too few to train the anomaly model: rules only, and quick


class FixedClock:
    """Stands still until somebody waits."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def wait(self, doorbell: Doorbell, until: datetime | None) -> None:
        if until is None:
            doorbell.wait(None)
        else:
            self.time = max(self.time, until)


@dataclass
class Location:
    """A code location, and runs of its jobs."""

    settings: Settings
    clock: FixedClock
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def run(
        self, job: str, window: str | None = None, to: str | None = None, **config: Any
    ) -> dg.ExecuteInProcessResult:
        tags = {}
        if to is not None:
            tags = {
                "dagster/asset_partition_range_start": window,
                "dagster/asset_partition_range_end": to,
            }
        elif window is not None:
            tags = {"dagster/partition": window}
        op = {"simulate_claims": "sampled_context", "inject_claims": "inject"}.get(job, "prune")
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            tags=tags,
            run_config={"ops": {op: {"config": config}}} if config else None,
            raise_on_error=False,
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.duckdb_path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def tables(self) -> set[str]:
        return {row[0] for row in self.query("SELECT table_name FROM duckdb_tables()")}


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "analytics.duckdb"
    seed_database(path, rows=ROWS)
    return path


@contextmanager
def locations(seeded: Path, folder: Path) -> Iterator[Callable[..., Location]]:
    """What makes locations in a folder, all of one instance."""
    with dg.DagsterInstance.ephemeral(tempdir=str(folder)) as instance:

        def make(**environ: str) -> Location:
            database = folder / "analytics.duckdb"
            shutil.copy(seeded, database)
            told = {
                "DUCKDB_PATH": str(database),
                "SIM_HOME": str(folder / "home"),
                "SIM_LOG_PATH": str(folder / "runs.jsonl"),
                "SIM_SCORES_PATH": str(folder / "scores.parquet"),
                "SIM_FORCE_LLM": "false",
                "SIM_MAX_CLAIMS": "12",
                **environ,
            }
            settings, clock = load_settings(told, dotenv=None), FixedClock()
            definitions = build_definitions(settings, make_clock=lambda: clock)
            return Location(settings, clock, instance, definitions)

        yield make


@pytest.fixture
def make_location(seeded: Path, tmp_path: Path) -> Iterator[Callable[..., Location]]:
    with locations(seeded, tmp_path) as make:
        yield make


@pytest.fixture
def location(make_location: Callable[..., Location]) -> Location:
    return make_location()


@dataclass
class Finished:
    """A run, and where it ran."""

    location: Location
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="session")
def two_windows(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """Two past windows simulated in one run: for tests that look and change nothing."""
    with locations(seeded, tmp_path_factory.mktemp("two-windows")) as make:
        location = make()
        yield Finished(location, location.run("simulate_claims", *WINDOWS))


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """What the first failed step told the person who started the run."""
    data = next(e.step_failure_data for e in result.all_events if e.is_step_failure)
    assert data.user_failure_data is not None, data.error_display_string
    return str(data.user_failure_data.description)
