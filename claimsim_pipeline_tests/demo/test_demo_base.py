"""The demo's claims_normalized reproduces the published population, honestly."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.demo import build, complete, seed
from claimsim_pipeline.demo.build import build_claims
from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.errors import UsageError


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return build_claims(50_000)


@pytest.fixture(scope="module")
def base(table: pa.Table) -> pd.DataFrame:
    return to_pandas(table)


def test_columns_types_and_order_are_those_of_the_contract(tmp_path: Path) -> None:
    seed_database(tmp_path / "a.duckdb", rows=1_000)
    with duckdb.connect(str(tmp_path / "a.duckdb")) as database:
        described = database.execute("DESCRIBE claims_normalized").fetchall()
    assert [row[:2] for row in described] == [(n, c.type) for n, c in COLUMNS.items()]


@pytest.mark.parametrize(
    ("figure", "target", "tolerance"),
    [
        (lambda b: (b["service_type"] == "RITL").mean(), 0.117, 0.01),
        (lambda b: (b["severity_code"] == 1).mean(), 0.8834, 0.01),
        (lambda b: (b["severity_code"] == 2).mean(), 0.0894, 0.01),
        (lambda b: (b["severity_code"] == 3).mean(), 0.0207, 0.01),
        (lambda b: (b["severity_code"] == 4).mean(), 0.0065, 0.01),
        (lambda b: (b["los"] <= 1).mean(), 0.90, 0.01),
        (lambda b: b["amount_claimed"].mean() / 868_000, 1.0, 0.1),
        (lambda b: b["bpjs_payment_ratio"].mean(), 0.9998, 0.0002),
        (lambda b: b["comorbidity_count"].notna().mean(), 0.78, 0.02),
        (lambda b: b["cost_zscore"].isna().mean(), 0.075, 0.075),
        (lambda b: b["duplicate_pattern"].mean(), 0.10, 0.02),
        (lambda b: (b["amount_claimed"] > b["peer_p90"]).mean(), 0.07, 0.02),
    ],
)
def test_the_population_is_the_published_one(base, figure, target, tolerance) -> None:
    assert figure(base) == pytest.approx(target, abs=tolerance)


def test_every_row_satisfies_every_invariant_in_its_strict_form(base: pd.DataFrame) -> None:
    report = check_frames(base, base)
    assert set(report["form"]) == {"strict"}
    assert report["violations"].sum() == 0


def test_there_are_twelve_provinces_and_invented_names(base: pd.DataFrame) -> None:
    assert base["province_name"].nunique() == 12
    # Two plain words could be a real hospital's name; no real one ends with a number.
    assert base["facility_name"].str.fullmatch(r"RS [A-Za-z ]+ \d+").all()
    assert base.groupby("facility_name")["facility_id"].nunique().max() == 1


def test_visits_that_tie_in_every_key_keep_their_numbers(table: pa.Table) -> None:
    # Enough rows for ties and for several threads: 500 rows never showed the difference.
    assert build_claims(50_000).equals(table)


def test_slices_are_the_whole_table_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build_claims(1_000)
    monkeypatch.setattr(complete, "_SLICE", 300)
    slices = list(build.claim_slices(1_000))
    assert [piece.num_rows for piece in slices] == [300, 300, 300, 100]
    assert pa.concat_tables(slices).combine_chunks().equals(whole.combine_chunks())


def test_what_fraud_scenarios_need_is_there(base: pd.DataFrame) -> None:
    share = base.groupby(["dx_primary_code", "service_type"]).size() / len(base)
    for dx in ("K29", "A09", "R50", "I10", "J45"):
        assert share[dx, "RJTL"] > 0.002
        assert share[dx, "RITL"] > 0.001
    assert share["Z50", "RJTL"] == pytest.approx(0.10, abs=0.01)
    assert share["H25", "RJTL"] == pytest.approx(0.01, abs=0.003)
    outpatients = base[base["service_type"] == "RJTL"]
    pairs = outpatients.groupby(["dx_primary_code", "dx_primary_group"]).size()
    assert (pairs / pairs.groupby("dx_primary_code").transform("sum") < 0.005).sum() >= 10
    assert base.groupby("peer_key")["peer_key"].transform("size").median() >= 30


def test_a_failed_write_leaves_no_half_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.duckdb"
    duckdb.connect(str(path)).close()

    def failing(*args: object, **kwargs: object) -> Iterator[pa.Table]:
        yield build_claims(100)
        raise OSError("no space left on device")

    monkeypatch.setattr(seed, "claim_slices", failing)
    with pytest.raises(OSError, match="no space"):
        seed_database(path, rows=1_000)
    with duckdb.connect(str(path)) as database:
        assert database.execute("SHOW TABLES").fetchall() == []


def test_the_same_seed_gives_the_same_claims_and_another_seed_others() -> None:
    assert build_claims(500, 1).equals(build_claims(500, 1))
    assert not build_claims(500, 1).equals(build_claims(500, 2))


def test_a_database_with_a_base_table_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE claims_normalized AS SELECT 'mine' AS claim_id")
    with pytest.raises(UsageError, match="never touches one"):
        seed_database(path, rows=1_000)
    with duckdb.connect(str(path)) as database:
        assert database.execute("FROM claims_normalized").fetchall() == [("mine",)]
