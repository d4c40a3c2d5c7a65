"""What surrounds every run, whoever starts it: lease, guard, marker, log line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from claimsim_pipeline.simulation.clock import Clock, StopRequest
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.storage.guard import check_room
from claimsim_pipeline.storage.lease import Lease
from claimsim_pipeline.storage.run_log import RunLog
from claimsim_pipeline.storage.waiting import waiting


@dataclass(frozen=True)
class House:
    """The places a run needs besides the database.

    Attributes:
        database: ``DUCKDB_PATH``.
        home: ``SIM_HOME``.
        log: ``SIM_LOG_PATH``.
        max_database_gb: ``SIM_MAX_DB_GB``.
    """

    database: Path
    home: Path
    log: Path
    max_database_gb: float


@contextmanager
def run_scope(
    house: House,
    record: RunRecord,
    clock: Clock,
    *,
    wait_seconds: float,
    stop: StopRequest | None = None,
) -> Iterator[RunRecord]:
    """Hold the lease for a run, and write its line of the log however it ends.

    Args:
        house: Where things are.
        record: Counts of the run; its status is set on the way out.
        clock: For the end of the run.
        wait_seconds: How long to wait for the simulation before this one.
        stop: Ends that wait; the record of a run that has not begun stays open.

    Raises:
        Interrupted: If a stop was requested before the run began.
        LeaseHeld: If another simulation still runs after ``wait_seconds``.
        DatabaseTooLarge: If the database has outgrown ``SIM_MAX_DB_GB``.
    """
    check_room(house.database, house.home, max_database_gb=house.max_database_gb)
    log = RunLog(house.log, house.home)
    with ExitStack() as held:
        with waiting(house.home, record.run_id) if wait_seconds else nullcontext():
            lease = Lease(house.database, run_id=record.run_id, wait_seconds=wait_seconds)
            with (stop or StopRequest()).at_once("stopped before the run began"):
                held.enter_context(lease)
            log.recover()
            log.begin(record.run_id, record.line(clock.now()))
        try:
            yield record
        except BaseException as error:
            record.close(error)
            raise
        else:
            record.close(None)
        finally:
            log.end(record.run_id, record.line(clock.now()))
