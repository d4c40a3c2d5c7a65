"""A full disk: a clear error, nothing half-written, and all is well when there is space again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.errors import ClaimsimError, DiskFull, LeaseHeld
from claimsim_pipeline.storage import failures
from claimsim_pipeline.storage.lease import Lease, holder
from claimsim_pipeline.storage.parquet_files import replace_parquet
from claimsim_pipeline.storage.run_log import RunLog
from claimsim_pipeline_tests.storage.claims import NOW, ask, batch, make_base, open_store

TABLES = ("claims_live_stream", "claims_live_scores", "claims_live_truth")


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root; a simulated error is tested beside this")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_refuses_a_publication_whole_and_recovers(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 16) as disk:
        store = open_store(make_base(disk / "a.duckdb", rows=200, prepared=True))
        store.publish(batch(["A"]), published_at=NOW)
        filler = disk / "filler"
        _fill(disk, filler)
        many = _incompressible(20_000)
        with pytest.raises(DiskFull, match="claimsim prune"):
            store.publish(many, published_at=NOW)
        assert [ask(store.path, f"SELECT count(*) FROM {t}") for t in TABLES] == [[(1,)]] * 3
        filler.unlink()
        assert store.publish(many.head(2_000), published_at=NOW).inserted == 2_000
        assert [ask(store.path, f"SELECT count(*) FROM {t}") for t in TABLES] == [[(2_001,)]] * 3


def test_a_full_disk_refuses_a_run_its_lease_but_lets_a_pruning_have_it(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 8) as disk:
        database = make_base(disk / "a.duckdb", rows=200)
        with Lease(database, run_id="before"):
            pass
        _fill(disk, disk / "filler")
        with pytest.raises(DiskFull, match="claimsim prune"), Lease(database, run_id="a"):
            pass
        with Lease(database, run_id="prune", named=False), pytest.raises(LeaseHeld, match="not sa"):
            Lease(database, run_id="b").__enter__()
        assert holder(database) is None
        assert not list(disk.glob("*.tmp"))


def test_compacting_on_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 8) as disk:
        store = open_store(make_base(disk / "a.duckdb", rows=200, prepared=True))
        _fill(disk, disk / "filler")
        before = store.path.read_bytes()
        with pytest.raises(DiskFull, match="Nothing was changed"):
            store.compact()
        assert store.path.read_bytes() == before
        names = {"a.duckdb", "a.duckdb.gate", "a.duckdb.room", "filler"}
        assert {path.name for path in disk.iterdir()} == names


def test_the_run_log_on_a_full_disk_says_so(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 1) as disk:
        log = RunLog(disk / "log.jsonl", disk)
        _fill(disk, disk / "filler")
        with pytest.raises(DiskFull):
            log.begin("a", {"run_id": "a", "text": "x" * 100_000})


@pytest.mark.parametrize(
    "text",
    [
        'Could not write file "a.wal": No space left on device',
        "Failed to commit: Disk quota exceeded",
    ],
)
def test_what_duckdb_says_of_a_full_disk_is_told_as_ours(text: str) -> None:
    for kind in (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException):
        told = failures.translate(Path("a.duckdb"), kind(text))
        assert isinstance(told, DiskFull)
        assert told.exit_code == 1


def test_a_snapshot_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    import pyarrow as pa

    with _small_disk(tmp_path / "disk", 2) as disk:
        path = disk / "feed.parquet"
        replace_parquet(path, pa.table({"claim_id": ["A"]}))
        noise = pa.table({"claim_id": [os.urandom(500).hex() for _ in range(10_000)]})
        with pytest.raises((OSError, ClaimsimError)):
            replace_parquet(path, noise)
        assert pd.read_parquet(path)["claim_id"].tolist() == ["A"]
        assert [p.name for p in disk.iterdir()] == ["feed.parquet"]


def _fill(disk: Path, filler: Path) -> None:
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
                file.flush()
        except OSError:
            return


def _incompressible(rows: int) -> pd.DataFrame:
    frame = batch([f"B{i}" for i in range(rows)])
    dice = np.random.default_rng(1)
    noise = pd.Series([dice.bytes(100).hex() for _ in range(rows)], dtype="str")
    return frame.assign(narrative=noise, amount_claimed=dice.random(rows))
