"""Tables and views: the stream follows the base, the views show what they promise."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.errors import (
    BaseColumnsMissing,
    BaseColumnsUnusable,
    BaseTableEmpty,
    BaseTableMissing,
    DatabaseMissing,
    NotADatabase,
    StoreError,
)
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.storage.claims import (
    NOW,
    WINDOW,
    ask,
    batch,
    make_base,
    make_minimal,
    open_store,
)

DESCRIBED = "SELECT name, type FROM pragma_table_info('{}') ORDER BY cid"


def _change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    "changes",
    [
        ["ALTER TABLE claims_normalized ADD COLUMN fresh INTEGER"],
        ["ALTER TABLE claims_normalized DROP COLUMN facility_type"],
        ["ALTER TABLE claims_normalized ALTER COLUMN los TYPE INTEGER"],
        [
            "CREATE TABLE other AS SELECT los, * EXCLUDE (los) FROM claims_normalized",
            "DROP TABLE claims_normalized",
            "ALTER TABLE other RENAME TO claims_normalized",
        ],
    ],
    ids=["gains", "loses", "retypes", "reorders"],
)
def test_the_stream_follows_the_base_before_the_next_publication_without_losing_rows(
    store: ClaimStore, changes: list[str]
) -> None:
    store.publish(batch(["A"]), published_at=NOW)
    _change(store.path, *changes)
    store.publish(batch(["A", "B"]), published_at=NOW)
    base, stream = (
        ask(store.path, DESCRIBED.format(name))
        for name in ("claims_normalized", "claims_live_stream")
    )
    assert base == stream
    assert ask(store.path, "SELECT claim_id, amount_claimed FROM claims_live_stream") == [
        ("A", 250_000.0),
        ("B", 250_000.0),
    ]
    assert ask(store.path, "SELECT count(*) FROM claims_high_risk") == [(2_002,)]


def test_preparing_twice_changes_nothing(store: ClaimStore) -> None:
    store.publish(batch(["A"]), published_at=NOW)
    store.prepare()
    assert store.counts()["claims_live_stream"] == 1


def test_the_high_risk_view_puts_flagged_claims_first(store: ClaimStore) -> None:
    store.publish(batch(["A"]), published_at=NOW)
    top = ask(store.path, "SELECT claim_id, flags, flag_count, is_simulated FROM claims_high_risk")
    assert top[0] == ("A", ["duplicate_pattern"], 1, True)
    counts = [row[2] for row in top]
    assert counts == sorted(counts, key=lambda count: -int(str(count)))


def test_rules_of_real_claims_are_computed_where_the_base_lacks_the_columns(tmp_path: Path) -> None:
    path = make_base(tmp_path / "a.duckdb", columns=[*_required(), "patient_key"])
    store = open_store(path)
    store.prepare()
    flags = dict(
        (str(flag), n)
        for flag, n in ask(
            path,
            "SELECT f, count(*) FROM (SELECT unnest(flags) AS f FROM claims_high_risk) GROUP BY f",
        )
    )
    assert {"short_stay_high_cost", "severity_mismatch"} <= set(flags)


def test_score_columns_of_the_base_give_way_in_the_high_risk_view(tmp_path: Path) -> None:
    more = ["-1.0 AS risk_score", "'mine' AS flags", "'n' AS narrative"]
    store = open_store(make_minimal(tmp_path / "a.duckdb", more=more))
    store.prepare()
    store.publish(batch(["A"]), published_at=NOW)
    assert ask(store.path, "SELECT min(risk_score) >= 0 FROM claims_high_risk") == [(True,)]
    assert ask(store.path, "SELECT flags, narrative FROM claims_live_stream") == [
        ("[duplicate_pattern]", "cerita")
    ]


def test_a_view_serves_as_a_base(tmp_path: Path) -> None:
    path = make_base(tmp_path / "a.duckdb")
    _change(
        path,
        "ALTER TABLE claims_normalized RENAME TO claims_raw",
        "CREATE VIEW claims_normalized AS FROM claims_raw",
    )
    store = open_store(path)
    store.prepare()
    store.publish(batch(["A"]), published_at=NOW)
    assert store.base().is_view
    assert len(store.sample_contexts([(50, 1)])) == 50
    assert store.counts()["claims_live_stream"] == 1


def test_the_fingerprint_changes_with_the_rows_and_the_columns(store: ClaimStore) -> None:
    seen = {store.base().fingerprint}
    assert store.base().fingerprint in seen
    for change in (
        "UPDATE claims_normalized SET amount_claimed = 1 WHERE claim_id = 'C00000007'",
        "DELETE FROM claims_normalized WHERE claim_id = 'C00000008'",
        "ALTER TABLE claims_normalized ADD COLUMN fresh INTEGER",
    ):
        _change(store.path, change)
        fingerprint = store.base().fingerprint
        assert fingerprint not in seen
        seen.add(fingerprint)


def test_columns_nobody_has_heard_of_are_named(tmp_path: Path) -> None:
    store = open_store(make_minimal(tmp_path / "a.duckdb", more=["1 AS surprise"]))
    assert store.base().unheard_of == ("surprise",)


@pytest.mark.parametrize(
    ("statement", "error", "said"),
    [
        ("DROP TABLE claims_normalized", BaseTableMissing, "claimsim demo"),
        ("DELETE FROM claims_normalized", BaseTableEmpty, "no rows"),
        ("ALTER TABLE claims_normalized DROP COLUMN los", BaseColumnsMissing, "los"),
        (
            "ALTER TABLE claims_normalized ALTER COLUMN amount_paid TYPE VARCHAR",
            BaseColumnsUnusable,
            r"amount_paid \(VARCHAR, not a number\)",
        ),
        (
            "ALTER TABLE claims_normalized ALTER COLUMN claim_id TYPE BIGINT "
            "USING CAST(claim_id[2:] AS BIGINT)",
            BaseColumnsUnusable,
            r"claim_id \(BIGINT, not text\)",
        ),
    ],
)
def test_an_unusable_base_is_one_clear_error_and_nothing_is_written(
    database: Path, statement: str, error: type[Exception], said: str
) -> None:
    _change(database, statement)
    with pytest.raises(error, match=said):
        open_store(database).prepare()
    assert "claims_live_stream" not in open_store(database).counts()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE claims_live_stream AS SELECT 1 AS x",
        "CREATE TABLE claims_live_scores AS SELECT 'a' AS claim_id",
        "CREATE TABLE claims_live_truth AS SELECT 'a' AS claim_id",
        "CREATE TABLE claims_feed AS SELECT 1 AS x",
    ],
)
def test_tables_of_others_that_bear_our_names_are_left_alone(
    database: Path, statement: str
) -> None:
    _change(database, statement)
    name = statement.split()[2]
    before = ask(database, "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY 1")
    with pytest.raises(StoreError, match=name):
        open_store(database).prepare()
    after = ask(database, "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY 1")
    assert after == before


def test_names_in_capitals_and_dates_as_text_do_as_well(tmp_path: Path) -> None:
    store = open_store(make_base(tmp_path / "a.duckdb"))
    _change(
        store.path,
        "ALTER TABLE claims_normalized RENAME COLUMN claim_id TO CLAIM_ID",
        "ALTER TABLE claims_normalized ALTER COLUMN admit_dt TYPE VARCHAR",
    )
    store.prepare()
    assert store.publish(batch(["A"]), published_at=NOW).inserted == 1
    assert store.stream()["claim_id"].tolist() == ["A"]
    assert store.high_risk(10)["claim_id"].notna().all()


def test_a_base_with_labels_of_its_own_does_not_hide_the_answer_sheet(tmp_path: Path) -> None:
    labels = ("false AS IS_FRAUD", "'abc' AS due_at", "7 AS generator", "8 AS run_id")
    store = open_store(make_base(tmp_path / "a.duckdb", more=labels))
    store.prepare()
    store.publish(batch(["A"]), published_at=NOW)
    newest = store.newest(5)
    assert newest.columns.is_unique
    assert newest[["is_fraud", "generator"]].to_numpy().tolist() == [[True, "mutator"]]
    assert newest["due_at"].tolist() == [WINDOW]
    assert store.stream()[["IS_FRAUD", "due_at", "generator", "run_id"]].isna().all(axis=None)


def test_what_is_no_database_is_refused_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all")
    with pytest.raises(NotADatabase, match="DUCKDB_PATH"):
        open_store(text).prepare()
    with pytest.raises(DatabaseMissing, match="claimsim demo"):
        open_store(tmp_path / "none.duckdb").prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def _required() -> list[str]:
    from claimsim_pipeline.claims.columns import REQUIRED

    return list(REQUIRED)
