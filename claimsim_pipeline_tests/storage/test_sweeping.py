"""Old files go, whatever else lies in SIM_HOME stays; compacting asks for the file alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.errors import StoreBusy
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline.storage.sweeping import sweep
from claimsim_pipeline_tests.storage.claims import NOW, WINDOW, ask, batch, open_store

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


@pytest.mark.slow
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


KILLED_AT_THE_COPY = """
import os, signal, sys
from pathlib import Path
from claimsim_pipeline.storage import compacting
from claimsim_pipeline_tests.storage.claims import open_store
os.umask(0)
compacting._give_away = lambda draft, path: os.kill(os.getpid(), signal.SIGKILL)
open_store(Path(sys.argv[1])).compact()
"""


@pytest.mark.slow
def test_a_compaction_that_was_killed_changed_nothing_and_is_cleared_by_the_next(
    store: ClaimStore,
) -> None:
    store.publish(batch(["A"]), published_at=NOW)
    before = store.counts()
    killed = [sys.executable, "-c", KILLED_AT_THE_COPY, str(store.path)]
    assert subprocess.run(killed, check=False).returncode == -signal.SIGKILL
    (left,) = store.path.parent.glob(".*compacting*")
    assert left.stat().st_mode & 0o077 == 0  # nobody else reads the copy
    assert store.counts() == before
    store.compact()
    assert store.counts() == before
    assert not list(store.path.parent.glob(".*compacting*"))


def test_a_compacted_file_has_the_mode_owner_and_name_of_the_old_one(store: ClaimStore) -> None:
    real = store.path.rename(store.path.with_name("real.duckdb"))
    store.path.symlink_to(real)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 4321, 4321)
    before = real.stat()
    store.compact()
    after = real.stat()
    assert store.path.is_symlink()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


def test_compacting_keeps_what_is_not_ours(store: ClaimStore) -> None:
    for made in (
        "CREATE SEQUENCE numbers START 5",
        "CREATE TABLE own (id INTEGER PRIMARY KEY DEFAULT nextval('numbers'), v VARCHAR)",
        "INSERT INTO own (v) VALUES ('it''s')",
        "CREATE INDEX own_index ON own (v)",
        "CREATE SCHEMA shop",
        "CREATE VIEW shop.zz AS SELECT * FROM own",
        "CREATE VIEW aa AS SELECT * FROM shop.zz",
        "CREATE MACRO plus(a, b) AS a + b",
        "COMMENT ON TABLE own IS 'theirs'",
    ):
        with duckdb.connect(str(store.path)) as connection:
            connection.execute(made)
    store.compact()
    assert ask(store.path, "SELECT plus(1, 1), id, v FROM aa") == [(2, 5, "it's")]
    assert ask(store.path, "SELECT index_name FROM duckdb_indexes() WHERE index_name LIKE 'own%'")
    assert ask(store.path, "SELECT comment FROM duckdb_tables() WHERE table_name = 'own'") == [
        ("theirs",)
    ]
    with duckdb.connect(str(store.path)) as connection:
        assert connection.execute("SELECT nextval('numbers')").fetchall() == [(6,)]


def _old(path: Path, days: float = 9) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    stamp = (NOW_HERE - timedelta(days=days)).timestamp()
    os.utime(path, (stamp, stamp))
