"""The scorecard counts, and reads as people say it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.insight.scorecard import joined, scorecard

ROW = st.tuples(
    st.booleans(), st.sampled_from(["cloning", "room_class"]),
    st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(["RITL", "RJTL", None]),
)  # fmt: skip


def claims(rows: list[tuple[bool, str | None, float | None, str | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["is_fraud", "fraud_scenario", "risk_score", "service_type"])
    frame["risk_score"] = frame["risk_score"].astype("float64")
    frame["fraud_scenario"] = frame["fraud_scenario"].where(frame["is_fraud"])
    return frame


def test_the_line_is_the_one_people_know() -> None:
    rows = [(True, "cloning", 0.8, "RJTL")] * 23 + [(True, "cloning", 0.1, "RITL")]
    rows += [(False, None, 0.2, "RJTL")] * 6
    assert scorecard(claims(rows)).line() == "24 planted, 23 caught, 0 false alarms"


def test_one_false_alarm_is_singular() -> None:
    assert scorecard(claims([(False, None, 0.7, "RJTL")])).line().endswith("1 false alarm")


def test_a_risk_of_exactly_the_line_is_caught() -> None:
    assert scorecard(claims([(True, "cloning", 0.7, "RJTL")])).total.caught == 1


def test_no_claims_make_an_empty_card() -> None:
    card = scorecard(claims([]))
    assert card.line() == "0 planted, 0 caught, 0 false alarms"
    assert card.by_scenario == card.by_service == ()
    assert card.total.caught_share is None


@given(st.lists(ROW))
def test_groups_add_up_to_the_total(rows: list[tuple[bool, str, float | None, str | None]]) -> None:
    card = scorecard(claims(rows))
    for groups in (card.by_scenario, card.by_service):
        for count in ("claims", "planted", "caught", "false_alarms"):
            assert sum(getattr(group, count) for group in groups) == getattr(card.total, count)
    assert card.total.caught <= card.total.planted


def test_honest_claims_are_listed_last() -> None:
    card = scorecard(claims([(False, None, 0.0, "RJTL"), (True, "room_class", 0.0, "RITL")]))
    assert [tally.name for tally in card.by_scenario] == ["room_class", "honest"]
    assert card.metadata()["by_service"][0]["name"] == "RITL"


def test_only_claims_on_all_three_tables_count() -> None:
    truth = pd.DataFrame(
        {
            "claim_id": ["a", "b"], "run_id": "r", "window_start": pd.NaT,
            "is_fraud": [True, False], "fraud_scenario": ["cloning", None],
        }
    )  # fmt: skip
    scores = pd.DataFrame({"claim_id": ["b", "a"], "risk_score": [0.1, 0.9]})
    stream = pd.DataFrame({"claim_id": ["a"], "service_type": ["RJTL"]})
    card = scorecard(joined(truth, scores, stream))
    assert card.total.claims == card.total.caught == 1
    assert card.total.caught_share == pytest.approx(1.0)
