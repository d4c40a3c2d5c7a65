"""The quality snapshot: fixed names, the same whatever the chunks, a summary over all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.errors import FolderNotWritable
from claimsim_pipeline.insight.quality_snapshot import QualityTally
from claimsim_pipeline_tests.scoring.population import population

NOW = datetime(2026, 3, 1, 9, 30, 5, tzinfo=UTC)

SUMMARY_KEYS = {
    "timestamp", "total_rows", "top_k", "amount_claimed_mean", "amount_claimed_top_k_mean",
    "cost_zscore_mean", "cost_zscore_top_k_mean", "los_le_1_ratio", "los_le_1_ratio_top_k",
    "risk_score_top_k_mean", "ml_score_top_k_mean",
}  # fmt: skip
RECORD_KEYS = {
    "claim_id", "province_name", "severity_group", "risk_score", "rule_score",
    "ml_score_normalized", "amount_claimed", "los", "duplicate_pattern", "flags",
}  # fmt: skip
AGGREGATE_KEYS = {
    "total_snapshots", "latest_snapshot", "averages", "top_severity_in_top_k",
    "top_province_in_top_k", "top_flags_in_top_k", "snapshots",
}  # fmt: skip


def scored(rows: int) -> pd.DataFrame:
    dice = np.random.default_rng(3)
    risk = dice.random(rows)
    return population(rows).assign(
        risk_score=risk,
        rule_score=0.0,
        ml_score=risk - 0.7,
        ml_score_normalized=risk,
        flags=[["duplicate_pattern"] if r > 0.9 else [] for r in risk],
    )


def tally(claims: pd.DataFrame, chunk: int, top_k: int = 50) -> QualityTally:
    seen = QualityTally(top_k)
    for start in range(0, len(claims), chunk):
        seen(claims.iloc[start : start + chunk])
    return seen


def test_a_snapshot_has_the_fields_that_dashboards_read(tmp_path: Path) -> None:
    path = tally(scored(300), 300).write(tmp_path, NOW)
    assert path.name == "ml_scores_qc_20260301T093005Z.json"
    snapshot = json.loads(path.read_text())
    assert set(snapshot) == {"summary", "top_records"}
    assert set(snapshot["summary"]) == SUMMARY_KEYS
    assert all(set(record) == RECORD_KEYS for record in snapshot["top_records"])
    assert snapshot["top_records"][0]["flags"] == ["duplicate_pattern"]


def test_an_infinite_amount_is_an_unknown_one(tmp_path: Path) -> None:
    claims = scored(300)
    mean = claims["amount_claimed"].iloc[1:].mean()
    claims.loc[0, ["amount_claimed", "risk_score"]] = [np.inf, 1.0]
    snapshot = json.loads(tally(claims, 100).write(tmp_path, NOW).read_text())
    assert snapshot["summary"]["amount_claimed_mean"] == pytest.approx(mean)
    assert snapshot["top_records"][0]["amount_claimed"] is None


def test_the_top_k_are_the_riskiest_in_order() -> None:
    claims = scored(500)
    records = tally(claims, 64, top_k=20).snapshot(NOW)["top_records"]
    expected = claims.nlargest(20, "risk_score")["claim_id"].tolist()
    assert [record["claim_id"] for record in records] == expected


@pytest.mark.parametrize("chunk", [1, 7, 100, 1_000])
def test_chunks_do_not_show(chunk: int) -> None:
    claims = scored(200)
    whole, parts = tally(claims, 200).snapshot(NOW), tally(claims, chunk).snapshot(NOW)
    assert parts["top_records"] == whole["top_records"]
    for name, value in whole["summary"].items():
        assert parts["summary"][name] == (value if name == "timestamp" else pytest.approx(value))


def test_means_are_those_of_the_feed() -> None:
    claims = scored(200)
    summary = tally(claims, 30, top_k=10).snapshot(NOW)["summary"]
    assert summary["total_rows"] == 200
    assert summary["amount_claimed_mean"] == pytest.approx(claims["amount_claimed"].mean())
    assert summary["cost_zscore_mean"] == pytest.approx(claims["cost_zscore"].mean())
    assert summary["los_le_1_ratio"] == pytest.approx((claims["los"] <= 1).mean())


def test_what_is_missing_is_null_not_nan() -> None:
    claims = scored(50).drop(columns=["cost_zscore", "province_name"]).assign(
        ml_score=np.nan, ml_score_normalized=np.nan
    )  # fmt: skip
    snapshot = tally(claims, 50).snapshot(NOW)
    json.dumps(snapshot, allow_nan=False)
    assert snapshot["summary"]["cost_zscore_mean"] is None
    assert snapshot["top_records"][0]["province_name"] is None


def test_the_summary_covers_all_snapshots_and_passes_over_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "ml_scores_qc_20260101T000000Z.json").write_text("{")
    tally(scored(100), 100).write(tmp_path, NOW)
    tally(scored(200), 100).write(tmp_path, NOW + timedelta(hours=1))
    aggregate = json.loads((tmp_path / "ml_scores_qc_summary.json").read_text())
    assert set(aggregate) == AGGREGATE_KEYS
    assert aggregate["total_snapshots"] == 2
    assert aggregate["latest_snapshot"] == aggregate["snapshots"][-1]
    assert aggregate["averages"]["total_rows"] == 150
    assert sum(count for _, count in aggregate["top_severity_in_top_k"]) == 100


def test_an_empty_feed_makes_an_empty_snapshot(tmp_path: Path) -> None:
    snapshot = json.loads(QualityTally(50).write(tmp_path, NOW).read_text())
    assert snapshot["summary"]["total_rows"] == 0
    assert snapshot["top_records"] == []


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(FolderNotWritable, match="logs"):
        QualityTally(5).write(tmp_path / "logs", NOW)
