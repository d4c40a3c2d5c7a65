"""`claimsim bench readers`: one writer among impatient readers of the same file.

Readers poll a database of 1.2 million claims ten times a second, each from a process of its own,
as dashboards do: open read-only, ask, close. First they know nothing of us, then they take the
turnstile. The writer publishes one claim at a time, as a live run does. A poll or publication
that fails at once is retried for `PATIENCE` seconds, and counted as failed after that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from claimsim_pipeline.bench.figures import Figure, at_most, known
from claimsim_pipeline.bench.simulated import simulate, wanted
from claimsim_pipeline.bench.workplace import database, open_store
from claimsim_pipeline.errors import ClaimsimError, StoreBusy
from claimsim_pipeline.storage.store import ClaimStore

ROWS, QUICK_ROWS = 1_200_000, 20_000
SECONDS, QUICK_SECONDS = 60.0, 5.0
READERS = 4
PATIENCE = 30.0
PAUSE = 1.0
"""Seconds between publications among readers: ten times as often as by default."""

CADENCE = 10.0
"""`SIM_INTERVAL_SECONDS` by default."""

_ALONE = 40  # publications without readers


@dataclass(frozen=True)
class Waits:
    """How long each of something took, in seconds, and how many failed."""

    seconds: tuple[float, ...]
    failed: int

    @property
    def done(self) -> int:
        """How many succeeded."""
        return len(self.seconds) - self.failed

    @property
    def worst(self) -> float:
        """The longest."""
        return max(self.seconds, default=0.0)

    @property
    def p95(self) -> float:
        """95 % took at most this long."""
        return float(np.percentile(self.seconds, 95)) if self.seconds else 0.0


def run(quick: bool, workdir: Path) -> list[Figure]:
    """Measure publications alone, among readers that do not know us, and with the turnstile."""
    rows = QUICK_ROWS if quick else ROWS
    seconds = QUICK_SECONDS if quick else SECONDS
    path = workdir / "readers.duckdb"
    shutil.copy(database(workdir / f"readers-base-{rows}.duckdb", rows), path)
    store = open_store(path)
    store.prepare()
    each = int(seconds / PAUSE)
    claims = simulate(store, workdir, wanted(_ALONE + 2 * each, "demo", 0.8, seed=5)).claims
    alone = _publish(store, claims.iloc[:_ALONE], pause=0.0)
    figures = _alone(alone, f"{rows:,} rows, no readers", judged=not quick)
    done = alone.done
    for way, first in (("outsider", _ALONE), ("turnstile", _ALONE + each)):
        found, written = _among(way, store, claims.iloc[first : first + each], seconds)
        figures += found
        done += written.done
    lost = done - store.counts()["claims_live_stream"]
    return [*figures, at_most("claims published and not there", lost, "", 0)]


def _alone(waits: Waits, note: str, *, judged: bool) -> list[Figure]:
    share = float(np.mean(waits.seconds)) / CADENCE
    cases = (
        ("one publication: p95", waits.p95 * 1000, "ms", 150.0),
        ("file locked at default cadence", share * 100, "% of the time", 1.0),
    )
    return [
        at_most(case, value, unit, limit, note) if judged else known(case, value, unit, note)
        for case, value, unit, limit in cases
    ]


def _among(
    way: str, store: ClaimStore, claims: pd.DataFrame, seconds: float
) -> tuple[list[Figure], Waits]:
    """One writer, and readers in processes of their own."""
    readers = [_reader(way, store.path, seconds) for _ in range(READERS)]
    for reader in readers:
        assert reader.stdout is not None
        reader.stdout.readline()  # it has imported what it needs
    written = _publish(store, claims, PAUSE, until=time.monotonic() + seconds)
    polls = _together([_heard(reader) for reader in readers])
    knows = "with the turnstile" if way == "turnstile" else "that know nothing of us"
    who = f"{READERS} readers x 10 Hz {knows}"
    return [
        known(f"{who}: publications", written.done, "", f"in {seconds:g} s, one each {PAUSE:g} s"),
        at_most(f"{who}: publications failed", written.failed, "", 0),
        known(f"{who}: longest publication, waiting included", written.worst, "s"),
        known(f"{who}: polls", polls.done, ""),
        at_most(f"{who}: polls failed", polls.failed, "", 0, f"within {PATIENCE:g} s"),
        known(f"{who}: longest poll, waiting included", polls.worst, "s"),
    ], written


def _publish(
    store: ClaimStore, claims: pd.DataFrame, pause: float, until: float = float("inf")
) -> Waits:
    """Claim by claim, like a live run."""
    waits, failed = [], 0
    for number in range(len(claims)):
        began = time.monotonic()
        if began > until:
            break
        try:
            store.publish(claims.iloc[number : number + 1], published_at=datetime.now(UTC))
        except StoreBusy:
            failed += 1
        waits.append(time.monotonic() - began)
        time.sleep(max(0.0, pause - waits[-1]))
    return Waits(tuple(waits), failed)


def _reader(way: str, path: Path, seconds: float) -> subprocess.Popen[str]:
    program = Path(__file__).with_name("reader.py")
    command = [sys.executable, str(program), way, str(path), str(seconds), str(PATIENCE)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _heard(reader: subprocess.Popen[str]) -> Waits:
    said, _ = reader.communicate(timeout=SECONDS + 2 * PATIENCE)
    if reader.returncode:
        raise ClaimsimError("a reader of the benchmark failed; its error stands above.")
    told = json.loads(said)
    return Waits(tuple(told["seconds"]), int(told["failed"]))


def _together(waits: Sequence[Waits]) -> Waits:
    everything = tuple(second for wait in waits for second in wait.seconds)
    return Waits(everything, sum(wait.failed for wait in waits))
