"""The run worker that a daemon started is killed: Dagster says so, and the window is made again.

Runs go by steps in one process, so that no step outlives its worker.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from dagster import DagsterRunStatus
from dagster_graphql import DagsterGraphQLClient

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.storage.lease import holder
from claimsim_pipeline_tests.kills.runs import WINDOW, Place, differences

Seen = TypeVar("Seen")

pytestmark = [
    pytest.mark.kill,
    pytest.mark.timeout(300),
    # Dagster's client calls gql in a way that gql has come to dislike.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def test_a_killed_run_worker_is_reported_and_its_window_is_made_whole(tmp_path: Path) -> None:
    base = tmp_path / "base.duckdb"
    seed_database(base, rows=600)
    killed, plain = (Place.made(tmp_path / n, "dagster", base) for n in ("killed", "plain"))
    plain.finish()
    with dagster_dev(killed) as client:
        first = submit(client)
        wait(lambda: killed.marked)  # the run has begun
        worker = wait(lambda: holder(killed.database))
        os.kill(worker.pid, signal.SIGKILL)
        wait(lambda: client.get_run_status(first) == DagsterRunStatus.FAILURE)
        assert holder(killed.database) is None
        again = submit(client)
        wait(lambda: client.get_run_status(again) == DagsterRunStatus.SUCCESS)
    assert set(differences(killed, plain).values()) == {(0, 0)}
    assert [line["status"] for line in killed.log] == ["interrupted", "completed"]


@contextmanager
def dagster_dev(place: Place) -> Iterator[DagsterGraphQLClient]:
    """Dagster with web server and daemon, on the place's database."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    with (place.folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "-m", "claimsim_pipeline.definitions"],
            cwd=place.folder,
            env=place.environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait(lambda: answers(port))
            yield DagsterGraphQLClient("127.0.0.1", port_number=port)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(45)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(15)


def submit(client: DagsterGraphQLClient) -> str:
    return client.submit_job_execution("simulate_claims", tags={"dagster/partition": WINDOW})


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def wait(sight: Callable[[], Seen], seconds: float = 120) -> Seen:
    """Look again and again until there is something to see."""
    until = time.monotonic() + seconds
    while not (seen := sight()):
        assert time.monotonic() < until, "not seen in time"
        time.sleep(0.05)
    return seen
