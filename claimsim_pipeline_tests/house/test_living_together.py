"""Runs among people, cron and Dagster: who holds the lease, who was stopped, who has died."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline_tests.kills.runs import WINDOW, Place, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LONG = ["--pace", "live", "--interval", "0.1", "--duration", "60", "--max-claims", "600"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "base.duckdb"
    seed_database(path, rows=600)
    return path


@pytest.fixture
def place(base: Path, tmp_path: Path) -> Place:
    return Place.made(tmp_path / "place", "dagster", base)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_simulation_says_what_it_inserted(
    place: Place, signum: signal.Signals, code: int
) -> None:
    process = _simulating(place)
    process.send_signal(signum)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == code, said
    last = said.strip().splitlines()[-1]
    found = re.fullmatch(
        r"Simulation interrupted\. Inserted (\d+) claims in [\d.]+s \(DuckDB: .+\)\.", last
    )
    assert found, said
    (line,) = place.log
    assert line["status"] == "interrupted"
    assert line["inserted_claims"] == int(found[1]) == rows(place) > 0


def test_an_instant_simulation_ends_after_the_claims_at_hand(place: Place) -> None:
    endless = ["--pace", "instant", "--duration", "1000000000", "--max-claims", "5000000"]
    process = _simulating(place, endless)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    *_, last = said.strip().splitlines()
    assert last.startswith("Simulation interrupted. Inserted "), said
    (line,) = place.log
    assert line["inserted_claims"] == rows(place)


def test_a_second_simulation_is_told_which_run_holds_the_database(place: Place) -> None:
    process = _simulating(place)
    try:
        (run_id,) = place.marked
        second = _start(place, "simulate", *LONG)
        said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert re.search(rf"run {run_id} \(process {process.pid} on .+, since \d{{4}}-", said), said
        place.environ["SIM_LEASE_WAIT_SECONDS"] = "1"
        job = place.start()
        said, _ = job.communicate(timeout=60)
        assert job.returncode == 1
        assert f"run {run_id} (process {process.pid}" in said
        demo = _start(place, "demo")
        said, _ = demo.communicate(timeout=30)
        assert demo.returncode == 1
        assert run_id in said
        for refused in (("prune",), ("prune", "--compact")):
            said, _ = (pruning := _start(place, *refused)).communicate(timeout=30)
            assert pruning.returncode == 1
            assert run_id in said
        dry, _ = (asked := _start(place, "prune", "--dry-run")).communicate(timeout=30)
        assert asked.returncode == 0, dry
    finally:
        process.kill()
        process.communicate()


def test_a_dead_holder_holds_nothing_and_is_in_the_log_once(place: Place) -> None:
    process = _simulating(place)
    (run_id,) = place.marked
    process.kill()
    process.communicate()
    said, _ = (job := place.start()).communicate(timeout=60)
    assert job.returncode == 0, said
    first, second = place.log
    assert (first["run_id"], first["status"]) == (run_id, "interrupted")
    assert (second["window"], second["status"]) == (WINDOW, "completed")
    assert not place.marked


def test_a_waiting_simulation_begins_when_the_one_before_it_ends(place: Place) -> None:
    short = ["--pace", "live", "--interval", "0.5", "--duration", "2"]
    first = _simulating(place, short)
    second = _start(place, "simulate", *short, "--wait", "60")
    for process in (first, second):
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    one, two = place.log
    assert one["ended_at"] <= two["ended_at"]
    assert {one["status"], two["status"]} == {"completed"}


@pytest.mark.parametrize(("umask", "forbidden"), [(0o000, 0o002), (0o077, 0o077)])
def test_files_are_made_with_the_umask_and_never_writable_by_the_world(
    place: Place, umask: int, forbidden: int
) -> None:
    run = ["simulate", "--pace", "instant", "--max-claims", "3"]
    for command in (run, ["refresh-scores"]):
        done = subprocess.run(
            [sys.executable, "-m", "claimsim_pipeline", *command],
            cwd=place.folder,
            env=place.environ,
            check=False,
            capture_output=True,
            text=True,
            umask=umask,
        )
        assert done.returncode == 0, done.stderr
    made = [path for path in place.database.parent.rglob("*") if path.is_file()]
    made.remove(place.database)  # the user's own
    names = {path.name for path in made}
    assert {"simulation_runs.jsonl", "simulation_runs.jsonl.lock", "high_risk.html"} <= names
    assert {f"{place.database.name}.{lock}" for lock in ("gate", "room", "lease")} <= names
    for path in made:
        if umask or path.suffix in {".gate", ".room", ".lease", ".lock", ".jsonl", ".html"}:
            assert not path.stat().st_mode & forbidden, path


def _start(place: Place, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "claimsim_pipeline", *arguments],
        cwd=place.folder,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _simulating(place: Place, options: list[str] = LONG) -> subprocess.Popen[str]:
    """A run that has published a claim, and goes on."""
    process = _start(place, "simulate", *options)
    until = time.monotonic() + 40
    while time.monotonic() < until and process.poll() is None:
        if _published(place):
            return process
        time.sleep(0.05)
    said, _ = process.communicate(timeout=5)
    raise AssertionError(said)


def _published(place: Place) -> bool:
    for note in place.database.parent.glob("*.lease.json"):
        assert json.loads(note.read_text())["pid"]
    try:
        return rows(place) > 0
    except Exception:  # noqa: BLE001 - the run has the file at this moment
        return False
