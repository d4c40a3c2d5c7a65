"""A refresh on a real database: every claim scored, table and cache alike, nothing half done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from claimsim_pipeline.claims.columns import REQUIRED
from claimsim_pipeline.errors import DiskFull
from claimsim_pipeline.insight.scores_refresh import refresh_scores
from claimsim_pipeline.scoring.anomaly import AnomalyModel
from claimsim_pipeline.scoring.rules import RULESET
from claimsim_pipeline.scoring.score import score
from claimsim_pipeline.simulation.refresh import RefreshResult, refresh
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.scoring.population import population

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = 1_500


def base(rows: int) -> pd.DataFrame:
    claims = population(rows)
    day = pd.Timestamp("2022-05-01", tz="UTC")
    return claims.assign(
        admit_dt=day,
        discharge_dt=day + pd.to_timedelta(claims["los"], "D"),
        dx_primary_code="I10",
        dx_primary_label="Essential hypertension",
        facility_name="RS CONTOH",
    )


def store_of(path: Path, claims: pd.DataFrame) -> ClaimStore:
    with duckdb.connect(str(path)) as connection:
        connection.register("claims", claims)
        connection.execute("CREATE TABLE claims_normalized AS SELECT * FROM claims")
    store = ClaimStore(path, timezone="Asia/Jakarta", rules=RULESET)
    store.prepare()
    return store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("refreshed")


@pytest.fixture(scope="module")
def refreshed(folder: Path) -> RefreshResult:
    """What a first refresh said; database, cache and model lie in the folder."""
    return run(store_of(folder / "claims.duckdb", base(ROWS)), folder)


@pytest.fixture
def store(folder: Path, refreshed: RefreshResult, tmp_path: Path) -> ClaimStore:
    """The database after a first refresh, with its cache and model beside it."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return ClaimStore(tmp_path / "claims.duckdb", timezone="Asia/Jakarta", rules=RULESET)


def table(tmp_path: Path) -> pd.DataFrame:
    with duckdb.connect(str(tmp_path / "claims.duckdb"), read_only=True) as connection:
        return connection.execute("FROM claims_ml_scores ORDER BY claim_id").df()


def run(store: ClaimStore, tmp_path: Path, **more: bool) -> RefreshResult:
    return refresh(store, models=tmp_path / "models", scores_path=tmp_path / "s.parquet", **more)


def test_every_claim_has_one_row_in_table_and_cache(folder: Path, refreshed: RefreshResult) -> None:
    cached = pq.read_table(folder / "s.parquet").to_pandas().sort_values("claim_id")
    assert refreshed.rows == ROWS
    assert refreshed.line() == (
        f"Cached {ROWS} rows to {folder / 's.parquet'} and DuckDB table 'claims_ml_scores'."
    )
    kept = table(folder)
    for name in ("claim_id", "ml_score", "ml_score_normalized", "model_version"):
        assert kept[name].tolist() == cached[name].tolist()


@pytest.mark.slow
def test_a_base_with_the_required_columns_only_is_judged_as_the_view_judges_it(
    tmp_path: Path,
) -> None:
    patients = [str(number // 2) for number in range(ROWS)]
    claims = base(ROWS)[list(REQUIRED)].assign(patient_key=patients)
    store = store_of(tmp_path / "claims.duckdb", claims)
    seen: list[pd.DataFrame] = []
    refresh(store, models=tmp_path / "m", scores_path=tmp_path / "s", observers=[seen.append])
    scored = pd.concat(seen).set_index("claim_id").sort_index()
    shown = store.high_risk(ROWS).set_index("claim_id").sort_index()
    assert (shown["rule_score"] > 0).sum() > 10
    for name in ("rule_score", "risk_score", "ml_score"):
        assert scored[name].tolist() == shown[name].tolist()
    assert scored["flags"].map(list).tolist() == shown["flags"].map(list).tolist()


def test_scores_are_those_that_a_single_claim_gets(folder: Path, refreshed: RefreshResult) -> None:
    model = AnomalyModel.load(folder / "models")
    alone = score(base(ROWS).iloc[[77]], model).iloc[0]
    row = table(folder).iloc[77]
    assert (row["ml_score"], row["model_version"]) == (alone["ml_score"], model.version)


def test_a_second_refresh_keeps_model_and_scores_and_the_previous_cache(
    store: ClaimStore, refreshed: RefreshResult, tmp_path: Path
) -> None:
    before = table(tmp_path)
    second = run(store, tmp_path)
    assert (refreshed.trained, second.trained) == (True, False)
    assert refreshed.model_version == second.model_version
    pd.testing.assert_frame_equal(table(tmp_path), before)
    assert (tmp_path / "s.parquet.previous").exists()


@pytest.mark.slow
def test_retraining_on_demand_gives_the_same_model_of_the_same_base(
    store: ClaimStore, refreshed: RefreshResult, tmp_path: Path
) -> None:
    again = run(store, tmp_path, retrain=True)
    assert again.trained
    assert again.model_version == refreshed.model_version


@pytest.mark.slow
def test_a_changed_base_retrains_and_claims_that_are_gone_leave(
    store: ClaimStore, refreshed: RefreshResult, tmp_path: Path
) -> None:
    with duckdb.connect(str(tmp_path / "claims.duckdb")) as connection:
        connection.execute("DELETE FROM claims_normalized WHERE claim_id < '000000000100'")
    second = run(store, tmp_path)
    assert second.trained
    assert second.model_version != refreshed.model_version
    assert second.rows == len(table(tmp_path)) == ROWS - 100


def test_a_small_base_is_scored_by_rules_only_and_says_so(tmp_path: Path) -> None:
    result = run(store_of(tmp_path / "claims.duckdb", base(300)), tmp_path)
    assert result.model_version is None
    assert "rules only" in result.metadata()["notes"][0]
    assert table(tmp_path)["ml_score"].isna().all()
    assert len(table(tmp_path)) == 300


@pytest.mark.slow
def test_columns_that_the_base_lacks_are_named_in_the_metadata(tmp_path: Path) -> None:
    poor = base(1_200).drop(columns=["peer_mean", "peer_p90", "cost_zscore", "amount_gap"])
    result = run(store_of(tmp_path / "claims.duckdb", poor), tmp_path)
    assert result.rows == 1_200
    assert "without amount_gap, peer_mean, peer_p90, cost_zscore" in result.notes[-1]
    assert table(tmp_path)["ml_score"].notna().all()


@pytest.mark.parametrize("moment", ["while writing", "before the table is replaced"])
@pytest.mark.slow
def test_a_full_disk_leaves_table_and_cache_as_they_were(
    store: ClaimStore, tmp_path: Path, moment: str
) -> None:
    before, cached = table(tmp_path), (tmp_path / "s.parquet").read_bytes()
    with pytest.raises(DiskFull):
        refresh(
            _Full(store, moment), models=tmp_path / "models", scores_path=tmp_path / "s.parquet"
        )
    pd.testing.assert_frame_equal(table(tmp_path), before)
    assert (tmp_path / "s.parquet").read_bytes() == cached
    assert not list(tmp_path.glob("*.writing"))


class _Full:
    """A store whose disk fills up at a moment of the refresh."""

    def __init__(self, store: ClaimStore, moment: str) -> None:
        self._store, self._moment = store, moment
        self.base, self.base_sample = store.base, store.base_sample

    def feed_for_scoring(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        for chunk in self._store.feed_for_scoring(columns):
            yield chunk.head(10)
            if self._moment == "while writing":
                raise DiskFull("full")

    def replace_ml_scores(self, parquet: Path) -> int:
        assert parquet.exists()
        raise DiskFull("full")


def test_the_door_to_a_refresh_writes_the_snapshot_too(store: ClaimStore, tmp_path: Path) -> None:
    home = tmp_path / "instance"
    shutil.copytree(tmp_path / "models", home / "models")  # nothing has to be trained
    done = refresh_scores(store, home=home, scores_path=home / "s.parquet", now=NOW, top_k=20)
    snapshot = json.loads(done.snapshot.read_text())
    risks = [record["risk_score"] for record in snapshot["top_records"]]
    assert done.snapshot.name == "ml_scores_qc_20260301T000000Z.json"
    assert risks == sorted(risks, reverse=True)
    assert len(risks) == 20
    expected = score(base(ROWS), AnomalyModel.load(home / "models"))["risk_score"]
    assert risks == np.sort(expected.to_numpy())[::-1][:20].tolist()
    assert done.metadata()["summary"]["total_rows"] == ROWS
    assert (home / "logs" / "ml_scores_qc_summary.json").exists()
