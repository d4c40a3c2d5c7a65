"""Runs that are killed at random moments, and then run again: nothing is lost, nothing doubled.

``KILLS`` says how many (30), ``KILLS_SEED`` which moments.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline_tests.kills.runs import Place, differences, rows

pytestmark = [pytest.mark.kill, pytest.mark.timeout(900)]

KILLS = int(os.environ.get("KILLS", "30"))
SEED = int(os.environ.get("KILLS_SEED", "1"))
KINDS = ("simulate", "dagster", "demo")
BASE_ROWS = 600  # too few to train the anomaly model: rules only, and quick
AT_ONCE = 3


@dataclass(frozen=True)
class Killed:
    """What one kill did."""

    kind: str
    moment: str
    found: int  # claims in the table after the kill
    planned: int
    lost: int
    doubled: int


def test_killed_runs_lose_and_double_nothing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    base = tmp_path / "base.duckdb"
    seed_database(base, rows=BASE_ROWS)
    dice = random.Random(SEED)
    jobs = [(KINDS[i % len(KINDS)], random.Random(dice.random())) for i in range(KILLS)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        numbered = enumerate(jobs)
        killed = list(pool.map(lambda j: _round(tmp_path / str(j[0]), base, *j[1]), numbered))
    seconds = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f"\n{_table(killed)}\n{KILLS} kills in {seconds:.0f} s, seed {SEED}.\n")
    assert sum(k.lost + k.doubled for k in killed) == 0


def _round(folder: Path, base: Path, kind: str, dice: random.Random) -> Killed:
    _wait_out_a_boundary()
    place, other = (Place.made(folder / side, kind, base) for side in ("disturbed", "undisturbed"))
    moment = _kill(place, kind, dice)
    finished = [line["run_id"] for line in place.log]
    found, marked = rows(place), [m for m in place.marked if m not in finished]
    again = place.start()
    early = kind != "simulate" or bool(place.manifests)  # else the next run is a new one
    plain = _elsewhere(place, other) if early else None
    _succeeds(again)
    _succeeds(plain or _elsewhere(place, other))
    _check_log(place, marked, finished)
    wrong = differences(place, other).values()
    lost, doubled = sum(w[0] for w in wrong), sum(w[1] for w in wrong)
    return Killed(kind, moment, found, rows(other), lost, doubled)


def _kill(place: Place, kind: str, dice: random.Random) -> str:
    """Start a run and kill it: at any time, in its midst, or while it writes."""
    moment = dice.choice(("any time", "in its midst", "while it writes", "while it writes"))
    process = place.start()
    if moment == "any time":
        time.sleep(dice.uniform(0.5, 6))
    else:
        _watch(process, lambda: _writes(place) if "writes" in moment else _has_begun(place))
        # The first thing written is the tables; a live run then writes for three seconds.
        longest = 3.0 if kind == "simulate" else 0.6 if "writes" in moment else 2.0
        time.sleep(dice.uniform(0, longest))
    if process.poll() is not None:
        process.communicate()
        return f"{moment}: too late"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return moment


def _has_begun(place: Place) -> bool:
    return bool(place.marked_files())


def _writes(place: Place) -> bool:
    return _has_begun(place) and Path(f"{place.database}.wal").exists()


def _watch(process: subprocess.Popen[str], sign: Callable[[], bool]) -> None:
    while process.poll() is None and not sign():
        time.sleep(0.001)


def _succeeds(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said


def _elsewhere(place: Place, other: Place) -> subprocess.Popen[str]:
    """The same run in another database, undisturbed."""
    for manifest in place.manifests:
        other.runs.mkdir()
        (other.runs / manifest.name).write_bytes(manifest.read_bytes())
    return other.start()


def _check_log(place: Place, marked: list[str], finished: list[str]) -> None:
    """The killed run is in the log once if it had begun, and the second one after it."""
    assert not place.marked
    *before, last = place.log
    assert last["status"] == "completed"
    assert [line["run_id"] for line in before] == [*finished, *marked]
    assert {line["status"] for line in before} <= {"interrupted", "completed"}


def _wait_out_a_boundary() -> None:
    """The demo takes the last half-hour: it must be the same one before and after the kill."""
    left = 1800 - time.time() % 1800
    if left < 60:
        time.sleep(left)


def _table(killed: list[Killed]) -> str:
    lines = [f"{'run':10}{'killed':18}{'kills':>6}{'cut short':>11}{'lost':>6}{'doubled':>9}"]
    for kind in KINDS:
        for moment in sorted({k.moment for k in killed if k.kind == kind}):
            some = [k for k in killed if (k.kind, k.moment) == (kind, moment)]
            cut = sum(0 < k.found < k.planned for k in some)
            lost, doubled = sum(k.lost for k in some), sum(k.doubled for k in some)
            lines.append(f"{kind:10}{moment:18}{len(some):6}{cut:11}{lost:6}{doubled:9}")
    return "\n".join(lines)
