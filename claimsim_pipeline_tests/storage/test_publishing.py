"""Publishing and replacing: all three tables or none, once and exactly."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.errors import ClaimIdTaken
from claimsim_pipeline.storage import publishing
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.examples import examples
from claimsim_pipeline_tests.storage.claims import (
    NOW,
    WINDOW,
    ask,
    batch,
    make_base,
    make_minimal,
    open_store,
)

IN_ALL = (
    "SELECT claim_id FROM claims_live_stream JOIN claims_live_scores USING (claim_id) "
    "JOIN claims_live_truth USING (claim_id) ORDER BY claim_id"
)


def test_a_published_claim_is_in_stream_scores_and_truth(store: ClaimStore) -> None:
    done = store.publish(batch(["A", "B"]), published_at=NOW)
    assert (list(done.inserted_ids), done.already) == (["A", "B"], 0)
    assert ask(store.path, IN_ALL) == [("A",), ("B",)]


def test_publishing_again_inserts_nothing(store: ClaimStore) -> None:
    store.publish(batch(["A", "B"]), published_at=NOW)
    again = store.publish(batch(["A", "B", "C"]), published_at=NOW)
    assert (list(again.inserted_ids), again.already) == (["C"], 2)
    assert ask(store.path, IN_ALL) == [("A",), ("B",), ("C",)]


@pytest.mark.parametrize(
    "other",
    [
        {"window": WINDOW + timedelta(minutes=30)},
        {"window": None},
    ],
)
def test_an_id_of_another_window_is_refused_and_nothing_written(
    store: ClaimStore, other: dict[str, object]
) -> None:
    store.publish(batch(["A"]), published_at=NOW)
    with pytest.raises(ClaimIdTaken, match="A belongs to a claim of another"):
        store.publish(batch(["A", "B"], **other), published_at=NOW)
    assert ask(store.path, IN_ALL) == [("A",)]


def test_an_id_of_another_ad_hoc_run_is_refused_and_one_of_the_same_run_is_known(
    store: ClaimStore,
) -> None:
    store.publish(batch(["A"], window=None, run_id="one"), published_at=NOW)
    assert store.publish(batch(["A"], window=None, run_id="one"), published_at=NOW).already == 1
    with pytest.raises(ClaimIdTaken):
        store.publish(batch(["A"], window=None, run_id="two"), published_at=NOW)


def test_a_failed_insert_leaves_all_three_tables_as_they_were(store: ClaimStore) -> None:
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DROP TABLE claims_live_truth")
        connection.execute(
            "CREATE TABLE claims_live_truth (claim_id VARCHAR, window_start "
            "TIMESTAMPTZ, run_id VARCHAR, due_at TIMESTAMPTZ)"
        )
    with pytest.raises(duckdb.Error):
        store.publish(batch(["A"]), published_at=NOW)
    assert store.counts()["claims_live_stream"] == store.counts()["claims_live_scores"] == 0


def test_retaining_a_window_removes_what_is_gone_changed_or_incomplete(store: ClaimStore) -> None:
    store.publish(batch(["A", "B", "C", "D"]), published_at=NOW)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM claims_live_stream WHERE claim_id = 'D'")
    wanted = batch(["A", "B", "C", "D"])
    wanted.loc[1, "amount_claimed"] += 100
    wanted = wanted.drop(index=2)
    assert store.retain_window([WINDOW], wanted) == 3
    assert ask(store.path, IN_ALL) == [("A",)]
    assert store.publish(wanted, published_at=NOW).inserted == 2
    assert ask(store.path, IN_ALL) == [("A",), ("B",), ("D",)]


def test_retaining_an_unchanged_window_removes_nothing_and_touches_no_other(
    store: ClaimStore,
) -> None:
    later = WINDOW + timedelta(minutes=30)
    store.publish(batch(["A", "B"]), published_at=NOW)
    store.publish(batch(["X"], window=later, first_due=later), published_at=NOW)
    assert store.retain_window([WINDOW], batch(["A", "B"])) == 0
    assert store.retain_window([WINDOW], batch([])) == 2
    assert ask(store.path, IN_ALL) == [("X",)]


def test_a_claim_whose_truth_somebody_deleted_comes_back_whole(store: ClaimStore) -> None:
    store.publish(batch(["A", "B"]), published_at=NOW)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM claims_live_truth WHERE claim_id = 'A'")
    assert store.publish(batch(["A", "B"]), published_at=NOW).inserted == 1
    assert ask(store.path, "SELECT claim_id FROM claims_live_stream ORDER BY 1") == [("A",), ("B",)]


def test_large_batches_are_cut_between_groups_that_share_a_due_time() -> None:
    frame = batch([str(i) for i in range(10)])
    frame["due_at"] = frame["due_at"].iloc[[0, 0, 1, 1, 1, 2, 3, 3, 4, 5]].to_numpy()
    parts = [list(part["claim_id"]) for part in publishing.slices(frame, 3)]
    assert parts == [list("01234"), list("567"), list("89")]


def test_values_take_the_types_that_the_base_has(tmp_path: Path) -> None:
    path = tmp_path / "typed.duckdb"
    with duckdb.connect(str(make_minimal(path))) as connection:
        for change in (
            "ALTER COLUMN admit_dt TYPE TIMESTAMP",
            "ALTER COLUMN discharge_dt TYPE TIMESTAMPTZ",
            "ALTER COLUMN los TYPE SMALLINT",
            "ALTER COLUMN amount_claimed TYPE DECIMAL(14, 2)",
            "ADD COLUMN risk_score FLOAT",
            "ADD COLUMN is_fraud BOOLEAN",
        ):
            connection.execute(f"ALTER TABLE claims_normalized {change}")
    store = open_store(path)
    store.prepare()
    store.publish(batch(["A"]), published_at=NOW)
    assert ask(
        path,
        "SELECT admit_dt::VARCHAR, los, amount_claimed::VARCHAR, "
        "round(risk_score::DOUBLE, 2), is_fraud FROM claims_live_stream",
    ) == [("2026-02-27 00:00:00", 0, "250000.00", 0.6, None)]


HOSTILE = st.text(max_size=40).filter(lambda text: "\x00" not in text) | st.sampled_from(
    ["'; DROP TABLE claims_normalized; --", '"', "../../etc/passwd", "<script>", "\x1b[0m", "🏥"]
)
SEVERAL = st.lists(HOSTILE, min_size=1, max_size=6, unique=True)


@examples(4)
@given(texts=SEVERAL, columns=st.lists(HOSTILE, max_size=6, unique_by=str.casefold), run_id=HOSTILE)
def test_hostile_text_stays_text(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], columns: list[str], run_id: str
) -> None:
    path = tmp_path_factory.mktemp("hostile") / "a.duckdb"
    more = ['1 AS "x{}"'.format(column.replace('"', '""')) for column in columns]
    store = open_store(make_minimal(path, rows=5, more=more))
    store.prepare()
    frame = batch(texts, narrative=pd.Series(texts[::-1], dtype="str"), run_id=run_id)
    store.publish(frame, published_at=NOW)
    assert store.publish(frame, published_at=NOW).already == len(texts)
    held = ask(path, "SELECT claim_id, narrative FROM claims_live_scores")
    assert sorted(held) == sorted(zip(texts, texts[::-1], strict=True))
    assert ask(path, "SELECT count(*) FROM claims_feed") == [(5 + len(texts),)]


def test_a_million_byte_narrative_is_kept(store: ClaimStore) -> None:
    store.publish(batch(["A"], narrative="é" * 1_000_000), published_at=NOW)
    assert ask(store.path, "SELECT length(narrative) FROM claims_live_scores") == [(1_000_000,)]


def test_stream_and_base_unite_whatever_the_base(tmp_path: Path) -> None:
    for name, make in (("full", make_base), ("minimal", make_minimal)):
        store = open_store(make(tmp_path / f"{name}.duckdb"))
        store.prepare()
        store.publish(batch(["A"]), published_at=NOW)
        union = "SELECT * FROM claims_normalized UNION ALL SELECT * FROM claims_live_stream"
        assert ask(store.path, f"SELECT count(*) FROM ({union})") == [(2_001,)]
