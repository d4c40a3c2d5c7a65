"""Lease, run log, guard, snapshot, prune and compact."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from claimsim_pipeline.errors import (
    DatabaseMissing,
    DatabaseTooLarge,
    DiskFull,
    FolderNotWritable,
    LeaseHeld,
    StoreError,
)
from claimsim_pipeline.storage import pruning
from claimsim_pipeline.storage.guard import check_room
from claimsim_pipeline.storage.lease import Lease, holder
from claimsim_pipeline.storage.run_log import RunLog
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.storage.claims import (
    NOW,
    WINDOW,
    ask,
    batch,
    make_minimal,
    open_store,
)

KILLED_RUN = """
import os, sys, signal
from pathlib import Path
from claimsim_pipeline.storage.lease import Lease
from claimsim_pipeline.storage.run_log import RunLog
database, home = map(Path, sys.argv[1:])
Lease(database, run_id="killed").__enter__()
line = {"run_id": "killed", "duckdb_path": str(database), "status": "running"}
RunLog(home / "log.jsonl", home).begin("killed", line)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_simulation_is_told_who_holds_the_lease(database: Path) -> None:
    with (
        Lease(database, run_id="first"),
        pytest.raises(LeaseHeld, match=rf"run first \(process {os.getpid()} on "),
        Lease(database, run_id="second"),
    ):
        pass
    assert holder(database) is None


def test_a_killed_run_holds_nothing_and_is_logged_once(database: Path, tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, str(database), str(tmp_path)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    log = RunLog(tmp_path / "log.jsonl", tmp_path)
    with Lease(database, run_id="next"):
        assert [log.recover(), log.recover()] == [1, 0]
    (line,) = _lines(tmp_path / "log.jsonl")
    assert (line["run_id"], line["status"]) == ("killed", "interrupted")


def test_a_living_run_is_not_declared_dead(database: Path, tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", tmp_path)
    with Lease(database, run_id="alive"):
        log.begin("alive", {"run_id": "alive", "duckdb_path": str(database)})
        assert log.recover() == 0
        log.end("alive", {"run_id": "alive", "status": "completed"})
    assert log.recover() == 0
    assert [line["status"] for line in _lines(tmp_path / "log.jsonl")] == ["completed"]


def test_a_run_between_its_line_and_its_marker_is_not_logged_twice(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", tmp_path)
    log.begin("a", {"run_id": "a"})
    log.end("a", {"run_id": "a"})
    log.begin("a", {"run_id": "a"})
    log.recover()
    assert len(_lines(tmp_path / "log.jsonl")) == 1


def test_a_hostile_run_id_never_becomes_a_path_nor_a_second_line(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "logs" / "log.jsonl", tmp_path / "home")
    name = "../../x\n\x00\x1b" + "y" * 5_000
    log.begin(name, {"run_id": name})
    log.end(name, {"run_id": name})
    assert [line["run_id"] for line in _lines(tmp_path / "logs" / "log.jsonl")] == [name]
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "home"}


def test_a_torn_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"run_id": "to')
    RunLog(path, tmp_path).end("b", {"run_id": "b"})
    assert json.loads(path.read_text().splitlines()[1]) == {"run_id": "b"}


def test_a_log_that_cannot_be_written_refuses_the_run_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "log.jsonl", tmp_path):
        with pytest.raises(FolderNotWritable, match="SIM_LOG_PATH"):
            RunLog(path, tmp_path / "home").begin("a", {"run_id": "a"})
    assert not (tmp_path / "home").exists()


def test_a_long_log_is_set_aside_and_gzipped(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", tmp_path, rotate_bytes=100)
    for number in range(3):
        log.end("a", {"run_id": "a", "number": number, "text": "x" * 100})
    packed = sorted(tmp_path.glob("log.*.jsonl.gz"))
    kept = [json.loads(gzip.decompress(path.read_bytes()))["number"] for path in packed]
    assert kept == [0, 1]
    assert [line["number"] for line in _lines(tmp_path / "log.jsonl")] == [2]


def test_the_guard_refuses_what_would_not_fit(database: Path, tmp_path: Path) -> None:
    home = tmp_path / "not" / "there"
    check_room(database, home, max_database_gb=1, least_free=1)
    with pytest.raises(DatabaseTooLarge, match="claimsim prune"):
        check_room(database, home, max_database_gb=0.0001)
    with pytest.raises(DiskFull, match="prune"):
        check_room(database, home, max_database_gb=1, least_free=10**18)
    with pytest.raises(DatabaseMissing):
        check_room(tmp_path / "none", home, max_database_gb=1)
    assert not home.exists()


def test_the_snapshot_holds_the_simulated_rows_of_the_high_risk_view(
    database: Path, tmp_path: Path
) -> None:
    snapshot = tmp_path / "feed" / "live.parquet"
    store = open_store(database, feed_snapshot=snapshot)
    store.prepare()
    for ids in (["A"], ["A", "B"]):
        store.publish(batch(ids), published_at=NOW)
        assert list(pd.read_parquet(snapshot).sort_values("claim_id")["claim_id"]) == ids
    assert [path.name for path in snapshot.parent.iterdir()] == ["live.parquet"]


@pytest.mark.parametrize("minimal", [False, True])
def test_pruning_removes_what_is_old_and_says_so(tmp_path: Path, minimal: bool) -> None:
    store = open_store(_base(tmp_path, minimal))
    store.prepare()
    later = WINDOW + timedelta(days=3)
    store.publish(batch(["A", "B"]), published_at=NOW)
    store.publish(batch(["X"], window=later, first_due=later), published_at=NOW)
    cutoff = WINDOW + timedelta(days=1)
    planned = store.prune(cutoff, dry_run=True)
    assert (planned.claims, planned.windows, planned.dry_run) == (2, (WINDOW,), True)
    assert store.counts()["claims_live_stream"] == 3
    done = store.prune(cutoff)
    assert (done.claims, done.windows, done.dry_run) == (2, (WINDOW,), False)
    assert list(store.counts().values()) == [2_000, 1, 1, 1, 0]


def test_pruning_removes_orphans_and_reports_claims_without_truth(store: ClaimStore) -> None:
    store.publish(batch(["A", "B", "C"]), published_at=NOW)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM claims_live_stream WHERE claim_id = 'A'")
        connection.execute("DELETE FROM claims_live_truth WHERE claim_id = 'B'")
    done = store.prune(WINDOW)
    assert (done.claims, done.orphans, done.without_truth) == (0, 2, 1)
    assert ask(store.path, "SELECT claim_id FROM claims_live_stream ORDER BY 1") == [("B",), ("C",)]
    assert ask(store.path, "SELECT claim_id FROM claims_live_scores ORDER BY 1") == [("B",), ("C",)]
    assert store.prune(NOW + timedelta(days=1)).claims == 2


def test_where_nothing_was_simulated_there_is_nothing_to_prune(database: Path) -> None:
    store = open_store(database)
    assert [store.prune(NOW, dry_run=dry).claims for dry in (True, False)] == [0, 0]
    assert list(store.counts()) == ["claims_normalized"]


def test_a_stream_without_scores_and_truth_is_pruned_by_age(store: ClaimStore) -> None:
    later = WINDOW + timedelta(days=3)
    store.publish(batch(["A", "B"]), published_at=NOW)
    store.publish(batch(["X"], window=later, first_due=later), published_at=NOW)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DROP TABLE claims_live_scores; DROP TABLE claims_live_truth")
    with pytest.raises(StoreError, match="no table claims_live_scores"):
        store.prune(later, dry_run=True)
    done = store.prune(later)
    assert (done.claims, done.without_truth) == (2, 3)
    assert ask(store.path, "SELECT claim_id FROM claims_live_stream") == [("X",)]


def test_a_table_of_somebody_elses_with_our_name_is_not_pruned(store: ClaimStore) -> None:
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DROP TABLE claims_live_scores")
        connection.execute("CREATE TABLE claims_live_scores AS SELECT 'theirs' AS claim_id")
    for dry_run in (True, False):
        with pytest.raises(StoreError, match="claims_live_scores .* is not ours"):
            store.prune(NOW, dry_run=dry_run)
    assert ask(store.path, "FROM claims_live_scores") == [("theirs",)]


@pytest.mark.slow
def test_compacting_keeps_everything_in_a_smaller_file(
    store: ClaimStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_MOST_REWRITTEN", 0)  # as where much is left after a pruning
    store.publish(batch([f"A{i}" for i in range(20_000)]), published_at=NOW)
    later = WINDOW + timedelta(days=3)
    store.publish(batch(["X"], window=later, first_due=later), published_at=NOW)
    store.prune(later)
    before, size = store.counts(), store.database_size()
    assert store.compact() == size - store.database_size() > 0
    assert store.counts() == before
    assert ask(store.path, "SELECT count(*) FROM claims_high_risk WHERE is_simulated") == [(1,)]
    again = batch(["X", "Y"], window=later, first_due=later)
    assert store.publish(again, published_at=NOW).inserted == 1


def test_ml_scores_are_replaced_as_a_whole(store: ClaimStore, tmp_path: Path) -> None:
    scored = pd.concat(chunk[["claim_id"]] for chunk in store.feed_for_scoring(["claim_id", "los"]))
    scored = scored.assign(ml_score=0.1, ml_score_normalized=0.9, model_version="v1")
    path = tmp_path / "scores[1].parquet"
    scored.to_parquet(path)
    assert [store.replace_ml_scores(path), store.replace_ml_scores(path)] == [2_000, 2_000]
    assert ask(store.path, "SELECT min(risk_score) FROM claims_high_risk") == [(0.9,)]


def _base(tmp_path: Path, minimal: bool) -> Path:
    from claimsim_pipeline_tests.storage.claims import make_base

    return (make_minimal if minimal else make_base)(tmp_path / "a.duckdb")


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
