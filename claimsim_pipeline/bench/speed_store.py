"""What the store is asked for most: contexts, an unchanged window, an old day."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from claimsim_pipeline.bench.workplace import TIMEZONE
from claimsim_pipeline.generation.mutator import Mutator
from claimsim_pipeline.simulation.ad_hoc import Makers
from claimsim_pipeline.simulation.clock import SystemClock
from claimsim_pipeline.simulation.plan import RunSpec
from claimsim_pipeline.simulation.window_run import scored_windows
from claimsim_pipeline.simulation.windows import Window
from claimsim_pipeline.storage import base_table, sampling
from claimsim_pipeline.storage.sessions import session
from claimsim_pipeline.storage.store import ClaimStore

REPEATS = 5


def contexts_seconds(path: Path) -> float:
    """Median seconds for 120 contexts, after connect."""
    laps = []
    for seed in range(REPEATS):
        with session(path, read_only=True, deadline=30, timezone=TIMEZONE) as connection:
            began = time.perf_counter()
            table = base_table.shape(connection, path)
            sampling.sample_contexts(connection, table, [(120, seed)])
            laps.append(time.perf_counter() - began)
    return median(laps)


def ten_times(source: Path, target: Path) -> Path:
    """A base table of about ten times the rows: the same ones, again and again."""
    if not target.exists():
        shutil.copy(source, target)
        with session(target, read_only=False, deadline=30, timezone=TIMEZONE) as connection:
            connection.execute(
                "INSERT INTO claims_normalized SELECT c.* FROM claims_normalized AS c, range(8)"
            )
    return target


def unchanged_window_seconds(store: ClaimStore) -> float:
    """Median seconds to publish a window again that has not changed."""
    window = Window.starting(datetime(2026, 6, 1, tzinfo=UTC), ZoneInfo("UTC"))
    batch = scored_windows(
        [window],
        RunSpec(),
        "bench",
        store=store,
        makers=Makers(Mutator(), None),
        clock=SystemClock(),
        timezone=TIMEZONE,
    )

    def publish() -> None:
        store.replace_windows([window.start], batch, published_at=datetime.now(UTC))

    publish()
    return median(_seconds(publish) for _ in range(REPEATS))


def prune_seconds(store: ClaimStore, before: datetime) -> float:
    """Seconds to prune what is older than ``before``."""
    return _seconds(lambda: store.prune(before))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
