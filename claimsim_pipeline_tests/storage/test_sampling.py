"""Contexts: from all of the table, fairly, and the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.claims.columns import CASE_BLOCK, FACILITY_BLOCK, FREE, IDENTIFIERS
from claimsim_pipeline.errors import BaseTableEmpty
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.storage.claims import make_base, make_minimal, open_store

ROWS = 40_000
KS_AT_1_IN_10_000 = 2.23  # critical value of the Kolmogorov-Smirnov statistic times sqrt(n)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose claim_weight tells the position of a row."""
    path = make_base(tmp_path_factory.mktemp("large") / "a.duckdb", ROWS)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE claims_normalized SET claim_weight = right(claim_id, 8)")
    return path


def _distance(values: np.ndarray, population: np.ndarray) -> float:
    """Kolmogorov-Smirnov statistic times sqrt(n), against the uniform draw of a population."""
    ranks = np.searchsorted(np.sort(population), np.sort(values), side="right") / len(population)
    steps = np.arange(1, len(values) + 1) / len(values)
    return float(np.abs(ranks - steps).max() * np.sqrt(len(values)))


@pytest.mark.parametrize("n", [1, 5, 120])
def test_rows_come_from_all_of_the_table(large: Path, n: int) -> None:
    contexts = open_store(large).sample_contexts([(n, seed) for seed in range(1_200 // n)])
    drawn = contexts["claim_weight"].astype(int).to_numpy()
    assert _distance(drawn, np.arange(ROWS)) < KS_AT_1_IN_10_000


def test_rows_come_fairly_from_what_deletes_have_left(tmp_path: Path) -> None:
    path = make_base(tmp_path / "a.duckdb", 20_000)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE claims_normalized SET claim_weight = right(claim_id, 8)")
        connection.execute("DELETE FROM claims_normalized WHERE CAST(claim_weight AS INT) < 9000")
        connection.execute("DELETE FROM claims_normalized WHERE hash(claim_id) % 10 < 9")
        left = connection.execute("SELECT CAST(claim_weight AS INT) FROM claims_normalized")
        population = np.array([row[0] for row in left.fetchall()])
    contexts = open_store(path).sample_contexts([(10, seed) for seed in range(80)])
    drawn = contexts["claim_weight"].astype(int).to_numpy()
    assert set(drawn) <= set(population)
    assert _distance(drawn, population) < KS_AT_1_IN_10_000


def test_a_request_has_the_same_rows_whatever_else_is_asked(store: ClaimStore) -> None:
    alone = store.sample_contexts([(30, 7)]).drop(columns="draw")
    among = store.sample_contexts([(5, 1), (30, 7), (1_900, 3)])
    found = among[among["draw"] == 1].reset_index(drop=True).drop(columns="draw")
    pd.testing.assert_frame_equal(alone, found)
    assert list(among["draw"].value_counts(sort=False)) == [5, 30, 1_900]


def test_a_request_has_no_row_twice_unless_it_wants_more_than_there_are(store: ClaimStore) -> None:
    positions = store.sample_contexts([(1_900, 1)])
    assert len(positions) == 1_900
    assert len(store.sample_contexts([(5_000, 1)])) == 5_000


def test_contexts_hold_blocks_and_free_columns_and_nothing_that_identifies(
    store: ClaimStore,
) -> None:
    columns = set(store.sample_contexts([(3, 1)]).columns)
    assert columns == {
        *("draw", "slot", "facility_key", "case_key"),
        *FACILITY_BLOCK,
        *CASE_BLOCK,
        *FREE,
    }
    assert not columns & {*IDENTIFIERS, "admit_dt", "discharge_dt", "generated_at"}


def test_a_minimal_table_gives_the_same_columns_and_types(
    store: ClaimStore, tmp_path: Path
) -> None:
    minimal = open_store(make_minimal(tmp_path / "minimal.duckdb")).sample_contexts([(20, 1)])
    usual = store.sample_contexts([(20, 1)])
    assert minimal.dtypes.astype(str).to_dict() == usual.dtypes.astype(str).to_dict()
    assert minimal["facility_code"].isna().all()
    assert minimal["province_name"].notna().all()


def test_rows_without_a_facility_name_are_drawn_and_rows_without_an_amount_are_not(
    tmp_path: Path,
) -> None:
    path = make_base(tmp_path / "a.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE claims_normalized SET amount_claimed = NULL WHERE los > 0")
    contexts = open_store(path).sample_contexts([(400, 1)])
    assert contexts["facility_name"].isna().any()
    assert (contexts["los"] == 0).all()
    assert (open_store(path).read_reference().donors["los"] == 0).all()


def test_a_table_of_unusable_rows_is_refused(tmp_path: Path) -> None:
    path = make_base(tmp_path / "a.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE claims_normalized SET los = NULL")
    with pytest.raises(BaseTableEmpty, match="NULL"):
        open_store(path).sample_contexts([(1, 1)])


def test_the_reference_pairs_donors_with_their_blocks(store: ClaimStore) -> None:
    reference = store.read_reference()
    assert len(reference.donors) == 2_000
    assert set(reference.donors["facility_key"]) == set(reference.facilities["facility_key"])
    assert set(reference.donors["case_key"]) == set(reference.cases["case_key"])
    assert reference.facilities["facility_key"].is_unique
    assert dict(reference.secondary_labels) == {"E119": "Diabetes"}


def test_peers_are_those_of_the_whole_table(tmp_path: Path) -> None:
    path = make_minimal(tmp_path / "a.duckdb")
    peers = open_store(path).read_reference().peers.set_index("peer_key")
    with duckdb.connect(str(path)) as connection:
        expected = connection.execute(
            "SELECT concat_ws('|', dx_primary_code, severity_group, facility_class, province_name),"
            " avg(amount_claimed), quantile_cont(amount_claimed, .9), stddev_pop(amount_claimed), "
            "count(*) FROM claims_normalized GROUP BY 1"
        ).fetchall()
    assert len(peers) == len(expected)
    for key, *statistics in expected:
        assert list(peers.loc[key]) == pytest.approx(statistics)
