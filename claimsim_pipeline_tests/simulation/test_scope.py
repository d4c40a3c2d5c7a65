"""What surrounds a run: its turn can be waited for, and the wait can be ended."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from claimsim_pipeline.errors import Interrupted
from claimsim_pipeline.simulation.clock import StopRequest, SystemClock
from claimsim_pipeline.simulation.plan import RunSpec
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.simulation.scope import House, run_scope
from claimsim_pipeline.storage.lease import Lease


@pytest.fixture
def house(tmp_path: Path) -> House:
    database = tmp_path / "a.duckdb"
    database.touch()
    return House(database, tmp_path / "home", tmp_path / "runs.jsonl", max_database_gb=1.0)


def record_of(house: House) -> RunRecord:
    return RunRecord(
        run_id="0123456789ab",
        spec=RunSpec(duration_seconds=60, interval_seconds=10, max_claims=6),
        duckdb_path=str(house.database),
        force_llm=False,
        timezone="Asia/Jakarta",
        started_at=SystemClock().now(),
    )


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_for_another_simulation(
    house: House, signum: signal.Signals, code: int
) -> None:
    record = record_of(house)
    with Lease(house.database, run_id="another"), StopRequest().on_signals() as stop:
        threading.Timer(0.1, os.kill, (os.getpid(), signum)).start()
        scope = run_scope(house, record, SystemClock(), wait_seconds=60, stop=stop)
        with pytest.raises(Interrupted) as caught, scope:
            raise AssertionError("it began")
    assert caught.value.exit_code == code
    assert record.status == "running"  # it has not begun: nothing to log, nothing to go on with
    assert not list(house.home.rglob("*.json"))
    assert not list((house.home / "waiting").iterdir())
    assert not house.log.exists()


def test_a_request_that_came_before_leaves_the_lease_to_others(house: House) -> None:
    stop = StopRequest()
    stop.send()
    with (
        pytest.raises(Interrupted),
        run_scope(house, record_of(house), SystemClock(), wait_seconds=0, stop=stop),
    ):
        raise AssertionError("it began")
    with Lease(house.database, run_id="another"):
        pass
