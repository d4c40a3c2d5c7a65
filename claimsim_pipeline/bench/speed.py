"""``claimsim bench speed``: as fast as the machine allows, beside the usual way.

Ours and the naive loop, ours and an empty Dagster job, are measured in turn in the same run, and
medians are compared, so that the ratios hold on a noisy machine. Everything lies in the working
folder; the base of 1.2 million rows is built once there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from claimsim_pipeline.bench import dagster_runs, speed_store
from claimsim_pipeline.bench.figures import Figure, at_least, at_most, known
from claimsim_pipeline.bench.naive import claims_per_second
from claimsim_pipeline.bench.offline import Offline, offline
from claimsim_pipeline.bench.speed_live import worst_lateness
from claimsim_pipeline.bench.workplace import database, open_store

_DAY = timedelta(days=1)


def run(quick: bool, workdir: Path) -> list[Figure]:
    """Every case of the table; quick: small, figures without judgement."""
    size = _SMALL if quick else _FULL
    base = database(workdir / f"speed-{size.base}.duckdb", size.base)
    figures = [
        *_offline(base, workdir, size),
        *_sampling(base, workdir, size),
        *_week(base, workdir, size),
        *_live(base, workdir, size),
        *_commands(base, workdir, size),
        *_dagster(base, workdir, size),
    ]
    return [known(f.case, f.value, f.unit, f.note) for f in figures] if quick else figures


@dataclass(frozen=True)
class _Size:
    """How much is measured, and how often."""

    base: int
    claims: int
    naive: int
    day: int
    live: int
    windows: int
    rounds: int


_FULL = _Size(1_200_000, claims=100_000, naive=150, day=150_000, live=120, windows=336, rounds=3)
_SMALL = _Size(20_000, claims=2_000, naive=20, day=500, live=6, windows=4, rounds=1)


def _copy(base: Path, name: str) -> Path:
    copy = base.with_name(name)
    shutil.copy(base, copy)
    return copy


def _offline(base: Path, workdir: Path, size: _Size) -> list[Figure]:
    """The naive loop, ours with and ours without the ML score, in turn."""
    models = workdir / "models"
    naive: list[float] = []
    scored: list[Offline] = []
    ruled: list[Offline] = []
    offline(_copy(base, "warm.duckdb"), 1, models=models)
    for _ in range(size.rounds):
        naive.append(claims_per_second(_copy(base, "naive.duckdb"), size.naive))
        scored.append(offline(_copy(base, "scored.duckdb"), size.claims, models=models))
        ruled.append(offline(_copy(base, "ruled.duckdb"), size.claims, models=None))
    plain = median(naive)
    rate, rate_ruled = median(o.rate for o in scored), median(o.rate for o in ruled)
    claims = f"{size.claims:,} claims"
    return [
        known("naive loop", plain, "claims/s", f"{size.base:,} base rows"),
        known("offline, with ML score", rate, "claims/s", claims),
        at_least("offline, with ML score, over the naive loop", rate / plain, "x", 1_000, claims),
        known("offline, without ML score", rate_ruled, "claims/s", claims),
        at_least("offline, without, over the naive loop", rate_ruled / plain, "x", 1_500, claims),
        at_most("offline, peak memory", max(o.rss_mb for o in scored), "MB", 1_500, claims),
    ]


def _sampling(base: Path, workdir: Path, size: _Size) -> list[Figure]:
    large = speed_store.ten_times(base, workdir / "ten-times.duckdb")
    small_ms = speed_store.contexts_seconds(base) * 1000
    large_ms = speed_store.contexts_seconds(large) * 1000
    return [
        at_most("120 contexts", small_ms, "ms", 150, f"{size.base:,} rows"),
        at_most("120 contexts from ten times the rows", large_ms, "ms", 300),
        at_most("120 contexts, ten times over once", large_ms / small_ms, "x", 3),
    ]


def _week(base: Path, workdir: Path, size: _Size) -> list[Figure]:
    """A million claims over seven days: made, republished into, pruned, made again."""
    path, claims = _copy(base, "week.duckdb"), 7 * size.day
    hundred = offline(_copy(base, "scored.duckdb"), size.claims, models=workdir / "models")
    interval = 86_400 / size.day
    week = offline(path, claims, models=workdir / "models", interval=interval)
    store, full = open_store(path), path.stat().st_size
    again = speed_store.unchanged_window_seconds(store) * 1000
    pruned = speed_store.prune_seconds(store, datetime.now(UTC) - 6 * _DAY)
    cleared = speed_store.prune_seconds(store, datetime.now(UTC) - 0.7 * _DAY)
    offline(path, claims * 9 // 10, models=None, interval=interval)
    note = f"{claims:,} claims"
    return [
        at_most("time per claim, over that of fewer", hundred.rate / week.rate, "x", 1.3, note),
        at_most("peak memory", week.rss_mb, "MB", 2_000, note),
        at_most("an unchanged window again", again, "ms", 100, f"into {note}"),
        at_most("prune of the oldest of 7 days", pruned, "s", 2, note),
        known("prune of all but a tenth", cleared, "s", note),
        at_most("file, nine tenths anew, over before", path.stat().st_size / full, "x", 1, note),
    ]


def _live(base: Path, workdir: Path, size: _Size) -> list[Figure]:
    late = worst_lateness(_copy(base, "live.duckdb"), workdir / "models", size.live)
    note = f"{size.live} claims at 0.5 s"
    return [at_most("live: p99 of published - due", late * 1000, "ms", 250, note)]


def _commands(base: Path, workdir: Path, size: _Size) -> list[Figure]:
    home = workdir / "commands"
    one = ["simulate", "--max-claims", "1", "--pace", "instant"]
    told = dagster_runs.environment(_copy(base, "one.duckdb"), home, home)
    alone = {name: value for name, value in told.items() if name != "DAGSTER_HOME"}
    home.mkdir(exist_ok=True)
    _command(one, told)
    simulate, case = _median(one, alone, size.rounds), "claimsim simulate, one claim"
    reported = _median(one, told, size.rounds)
    return [
        at_most(case, simulate, "s", 4),
        known(f"{case}, reported to Dagster", reported, "s", "its import included"),
        at_most("claimsim --help", _median(["--help"], alone, size.rounds), "s", 0.7),
    ]


def _dagster(base: Path, workdir: Path, size: _Size) -> list[Figure]:
    """One window and many, each beside a run of the same shape that does nothing."""
    path, home = _copy(base, "dagster.duckdb"), workdir / "dagster-home"
    dagster_runs.one_window(path, home, empty=False)
    ours, empty, imported, dagster = [], [], [], []
    for _ in range(size.rounds):
        ours.append(dagster_runs.one_window(path, home, empty=False))
        empty.append(dagster_runs.one_window(path, home, empty=True))
        imported.append(dagster_runs.import_seconds("claimsim_pipeline.definitions"))
        dagster.append(dagster_runs.import_seconds("dagster"))
    many = dagster_runs.windows(path, home, size.windows, empty=False)
    nothing = dagster_runs.windows(path, home, size.windows, empty=True)
    note = f"{size.windows} windows in one run"
    ratio = median(imported) / median(dagster)
    return [
        known("one window by Dagster", median(ours), "s"),
        at_most("one window over an empty job", median(ours) / median(empty), "x", 2),
        at_most("backfill", many, "s", 60, note),
        at_most("backfill over empty assets", many / nothing, "x", 2, note),
        at_most("import of the definitions over import dagster", ratio, "x", 2.5),
    ]


def _median(arguments: list[str], environment: dict[str, str], rounds: int) -> float:
    return median(_command(arguments, environment) for _ in range(rounds))


def _command(arguments: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "claimsim_pipeline", *arguments]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return time.perf_counter() - began
