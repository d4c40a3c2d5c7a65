"""The demo's claims_normalized reproduces the published population, honestly."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.demo.build import build_claims
from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.errors import UsageError


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    return to_pandas(build_claims(50_000))


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
    assert base["facility_name"].str.startswith("RS ").all()


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
