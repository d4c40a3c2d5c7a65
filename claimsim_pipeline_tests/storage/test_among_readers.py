"""What an outsider does who reads the same file, with the recipe and without."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from claimsim_pipeline.errors import StoreBusy
from claimsim_pipeline.storage.store import ClaimStore, SnapshotStale
from claimsim_pipeline_tests.storage.claims import NOW, ask, batch, make_base, open_store

RECIPE = """
import fcntl, sys, duckdb

def read(path, query):
    with open(path + ".gate", "a") as gate, open(path + ".room", "a") as room:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute(query).fetchall()

print("ready", flush=True)
polls = 0
while read(sys.argv[1], "SELECT count(*) FROM claims_live_stream")[0][0] < int(sys.argv[2]):
    polls += 1
print(polls)
"""
"""The recipe of the README: six lines around `duckdb.connect`, nothing of ours imported."""


@pytest.mark.slow
def test_an_outsider_with_the_recipe_neither_fails_nor_keeps_us_waiting(store: ClaimStore) -> None:
    command = [sys.executable, "-c", RECIPE, str(store.path), "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(5):
            done = store.publish(batch([f"A{number}"]), published_at=NOW)
            assert done.inserted == 1
        assert int(reader.stdout.read()) >= 0
    assert reader.returncode == 0


def test_a_snapshot_that_cannot_be_written_takes_no_claim_with_it(tmp_path: Path) -> None:
    database, folder = make_base(tmp_path / "a.duckdb", prepared=True), tmp_path / "folder"
    folder.mkdir()
    store = open_store(database, feed_snapshot=folder)
    with pytest.raises(SnapshotStale, match="SIM_FEED_SNAPSHOT") as caught:
        store.publish(batch(["A"]), published_at=NOW)
    assert caught.value.published.inserted == 1
    assert store.stream()["claim_id"].tolist() == ["A"]


@pytest.mark.slow
def test_the_snapshot_is_whole_at_every_moment(tmp_path: Path) -> None:
    snapshot = tmp_path / "feed.parquet"
    store = open_store(make_base(tmp_path / "a.duckdb", prepared=True), feed_snapshot=snapshot)
    store.publish(batch(["A0"]), published_at=NOW)
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            with snapshot.open("rb") as file:  # once: by name, it may be another file meanwhile
                seen.append(len(pd.read_parquet(file)))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 6):
        store.publish(batch([f"A{number}"]), published_at=NOW)
    done.set()
    reader.join()
    assert seen == sorted(seen)
    assert set(seen) <= set(range(1, 7))
    assert sorted(pd.read_parquet(snapshot)["claim_id"]) == [f"A{i}" for i in range(6)]


def test_a_database_that_is_never_let_go_refuses_and_holds_nothing_half(store: ClaimStore) -> None:
    impatient = open_store(store.path, deadline_seconds=0.05)
    with duckdb.connect(str(store.path), read_only=True), pytest.raises(StoreBusy) as refused:
        impatient.publish(batch(["A"]), published_at=NOW)
    assert "SIM_STORE_DEADLINE_SECONDS" in str(refused.value)
    assert ask(store.path, "SELECT count(*) FROM claims_live_truth") == [(0,)]
    assert impatient.publish(batch(["A"]), published_at=NOW).inserted == 1
