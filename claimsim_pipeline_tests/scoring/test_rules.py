"""RULESET_v1: flags that hold in the columns, and the score they give."""

import pandas as pd
import pytest

from claimsim_pipeline.claims.frames import workbench
from claimsim_pipeline.scoring.rules import RULESET, score_rules
from claimsim_pipeline.scoring.score import score

CLAIM = {
    "claim_id": "SIM-1",
    "los": 5,
    "amount_claimed": 1_000_000.0,
    "peer_p90": 2_000_000.0,
    "severity_group": "sedang",
    "duplicate_pattern": False,
    "bpjs_payment_ratio": 1.0,
    "cost_zscore": 0.0,
}


def claims(**changes: object) -> pd.DataFrame:
    return pd.DataFrame([{**CLAIM, **changes}])


@pytest.mark.parametrize(
    ("changes", "flags", "rule_score"),
    [
        ({}, [], 0.0),
        ({"los": 1, "amount_claimed": 2_000_001.0}, ["short_stay_high_cost"], 0.8),
        ({"los": 1, "amount_claimed": 2_000_000.0}, [], 0.0),
        ({"los": 2, "amount_claimed": 2_000_001.0}, [], 0.0),
        ({"severity_group": "ringan", "amount_claimed": 3e6}, ["severity_mismatch"], 0.7),
        ({"duplicate_pattern": True}, ["duplicate_pattern"], 0.6),
        ({"cost_zscore": 2.1, "bpjs_payment_ratio": 0.95}, ["high_cost_full_paid"], 0.5),
        ({"cost_zscore": 2.1, "bpjs_payment_ratio": 0.94}, [], 0.0),
        ({"cost_zscore": None, "peer_p90": None, "los": 0}, [], 0.0),
        (
            {"los": 0, "severity_group": "ringan", "amount_claimed": 3e6, "cost_zscore": 9.0},
            ["short_stay_high_cost", "severity_mismatch", "high_cost_full_paid"],
            0.8,
        ),
    ],
)
def test_flags_hold_where_their_conditions_do(changes, flags, rule_score) -> None:
    scored = score_rules(claims(**changes))
    assert list(scored["flags"].iloc[0]) == flags
    assert scored["rule_score"].iloc[0] == rule_score


def test_a_rule_whose_columns_are_missing_does_not_hold() -> None:
    scored = score_rules(claims(los=0, amount_claimed=3e6).drop(columns="peer_p90"))
    assert list(scored["flags"].iloc[0]) == []


def test_without_a_model_the_risk_is_the_rule_score_and_ml_is_null() -> None:
    scored = score(claims(duplicate_pattern=True))
    assert scored["risk_score"].tolist() == [0.6]
    assert scored[["ml_score", "ml_score_normalized", "model_version"]].isna().all(axis=None)


def test_views_and_frames_hold_the_same_text() -> None:
    with workbench() as database:
        database.execute("CREATE TABLE t (duplicate_pattern BOOLEAN)")
        database.execute("INSERT INTO t VALUES (true), (NULL)")
        columns = ["duplicate_pattern"]
        rows = database.execute(
            f"SELECT {RULESET.flags_sql(columns)}, {RULESET.rule_score_sql(columns)} FROM t"
        ).fetchall()
    assert rows == [(["duplicate_pattern"], 0.6), ([], 0.0)]
