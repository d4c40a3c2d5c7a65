"""Old files go, whatever else lies in SIM_HOME stays; compacting asks for the file alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.errors import StoreBusy
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline.storage.sweeping import sweep
from claimsim_pipeline_tests.storage.claims import NOW, WINDOW, batch, open_store

NOW_HERE = datetime(2026, 3, 10, tzinfo=UTC)
GONE = (
    "staging/scored_claims/2026-03-01-0000.parquet",
    "runs/0123456789ab.json",
    "journal/ab/x.jsonl",
    "quarantine/x.jsonl",
)
KEPT = ("models/model.onnx", "running/a.json", "analytics.duckdb", "journal/batches/book.jsonl")


def test_only_old_files_of_ours_are_swept(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "runs.jsonl"
    packed = log.with_name("runs.20260301T000000Z.jsonl.gz")
    outside = tmp_path / "outside.txt"
    for path in (*(tmp_path / name for name in (*GONE, *KEPT)), log, packed, outside):
        _old(path)
    fresh = tmp_path / "staging" / "scored_claims" / "fresh.parquet"
    _old(fresh, days=1)
    (tmp_path / "journal" / "link").symlink_to(outside)
    swept = sweep(tmp_path, log, NOW_HERE - timedelta(days=7))
    assert swept == len(GONE) + 1
    assert not any((tmp_path / name).exists() for name in GONE)
    assert all((tmp_path / name).exists() for name in KEPT)
    assert fresh.exists()
    assert log.exists()
    assert outside.exists()
    assert not packed.exists()


def test_the_base_is_never_pruned_whatever_its_age(store: ClaimStore) -> None:
    before = store.base().fingerprint
    store.publish(batch(["A"]), published_at=NOW)
    done = store.prune(datetime(2100, 1, 1, tzinfo=UTC))
    assert done.claims == 1
    assert store.base().fingerprint == before


def test_a_rewritten_window_after_a_pruning_needs_no_more_room(store: ClaimStore) -> None:
    days = [WINDOW + timedelta(days=day) for day in range(4)]
    sizes = []
    for day in days:
        many = batch([f"{day:%d}-{i}" for i in range(2_000)], window=day, first_due=day)
        store.publish(many, published_at=NOW)
        store.prune(day)
        sizes.append(store.database_size())
    assert sizes[-1] <= sizes[1]


def test_compacting_waits_for_readers_and_gives_up(store: ClaimStore) -> None:
    impatient = open_store(store.path, deadline_seconds=0.05)
    size = store.database_size()
    with duckdb.connect(str(store.path), read_only=True), pytest.raises(StoreBusy):
        impatient.compact()
    assert store.database_size() == size
    assert not list(store.path.parent.glob(".*compacting*"))


def _old(path: Path, days: float = 9) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    stamp = (NOW_HERE - timedelta(days=days)).timestamp()
    os.utime(path, (stamp, stamp))
