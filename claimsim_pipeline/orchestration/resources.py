"""What the assets are handed: the run, the store, the generator, the database.

None of them holds a connection. The key of the model never becomes resource
config, which Dagster stores and shows.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from claimsim_pipeline import composition
from claimsim_pipeline.orchestration.dead_runs import end_dead_runs
from claimsim_pipeline.orchestration.run import SimulationRun
from claimsim_pipeline.orchestration.staging import StagedWindows
from claimsim_pipeline.settings import Settings
from claimsim_pipeline.simulation.clock import Clock, SystemClock

if TYPE_CHECKING:
    import duckdb

    from claimsim_pipeline.generation.door import ClaimGenerator
    from claimsim_pipeline.scoring.score import Anomaly
    from claimsim_pipeline.storage.store import ClaimStore


class AnalyticsDatabase(DuckDBResource):
    """The analytics database, for assets of your own.

    Unlike its parent it closes the connection after an exception, too, takes
    the project's turnstile, and waits for the file with short jittered retries
    up to a deadline. Keep the connection for one transaction only.
    """

    read_only: bool = False
    deadline_seconds: float = 30.0
    timezone: str = "UTC"

    @contextmanager
    def get_connection(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A connection that is closed whatever happens inside the block."""
        with self._session(read_only=self.read_only) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A read-only connection, which other readers may share the file with."""
        with self._session(read_only=True) as connection:
            yield connection

    def _session(self, *, read_only: bool) -> AbstractContextManager["duckdb.DuckDBPyConnection"]:
        from claimsim_pipeline.storage.sessions import session

        return session(
            Path(self.database),
            read_only=read_only,
            deadline=self.deadline_seconds,
            timezone=self.timezone,
        )


class Workshop:
    """Store, model and generator of the code location, made when asked for."""

    def __init__(self, settings: Settings) -> None:
        """Remember the settings; nothing is made yet."""
        self.settings = settings

    def store(self) -> "ClaimStore":
        """The user's database, opened for one transaction at a time."""
        return composition.open_store(self.settings)

    def model(self, store: "ClaimStore") -> "Anomaly | None":
        """The anomaly model, trained first if need be."""
        return composition.load_model(self.settings, store)

    def generator(self, run_id: str, *, regenerate: bool, batch: bool = False) -> "ClaimGenerator":
        """Who makes the claims of a run: the model, or the offline mutator."""
        return composition.make_generator(
            self.settings, run_id=run_id, regenerate=regenerate, batch=batch
        )


def resources(
    settings: Settings,
    *,
    make_clock: Callable[[], Clock] = SystemClock,
    staging: str | None = None,
) -> Mapping[str, Any]:
    """The resources of the code location.

    Args:
        settings: Of the code location.
        make_clock: Gives each run its clock.
        staging: Folder or URL of the frames between assets.
    """
    base = staging or str(composition.staging_folder(settings))

    @dg.resource(description="Whole-run lease on the database, and the run log.")
    def simulation(context: dg.InitResourceContext) -> Iterator[SimulationRun]:
        if context.instance is not None:
            end_dead_runs(context.instance, settings)
        run = SimulationRun(settings, make_clock(), context.run.run_id if context.run else "")
        try:
            yield run
        finally:
            run.close()

    @dg.io_manager(
        required_resource_keys={"simulation"},
        description="One Parquet file per window and stage.",
    )
    def staged_windows(context: dg.InitResourceContext) -> StagedWindows:
        return StagedWindows(base, context.resources.simulation)

    return {
        "simulation": simulation,
        "staged_windows": staged_windows,
        "workshop": Workshop(settings),
        "duckdb": AnalyticsDatabase(
            database=str(settings.duckdb_path),
            deadline_seconds=settings.store_deadline_seconds,
            timezone=settings.timezone,
        ),
    }
