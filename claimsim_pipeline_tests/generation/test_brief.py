"""Briefs: where fraud happens, what groups share, what the base cannot support."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.generation.brief import Briefs, compose
from claimsim_pipeline_tests.generation.base_frames import (
    contexts_from,
    reference_from,
    slots_of,
)
from claimsim_pipeline_tests.generation.bases import WRONG, bare, first, mistaken, usual


def composed(
    base: pd.DataFrame,
    *,
    count: int = 3_000,
    ratio: float = 0.8,
    profile: str = "demo",
    seed: int = 1,
) -> Briefs:
    slots, dice = slots_of([count], ratio)
    contexts = contexts_from(base, count)
    reference = reference_from(base).including(contexts)
    return compose(slots, dice, contexts, reference, profile=profile, seed=seed)


@cache
def realistic() -> pd.DataFrame:
    """Realistic briefs on the usual base, which several tests look at."""
    return composed(usual(), profile="realistic").frame


def facility_shares(briefs: Briefs) -> pd.Series:
    fraud = briefs.frame[briefs.frame["is_fraud"]]
    return fraud["facility_key"].value_counts(normalize=True)


def test_fraud_concentrates_in_a_few_facilities_chosen_by_the_seed() -> None:
    base = usual()
    once, again, other = (facility_shares(composed(base, seed=s)) for s in (1, 1, 2))
    bad = reference_from(base).facilities.shape[0] // 6
    assert 0.6 <= once.head(bad).sum() <= 0.9
    assert once.head(bad).index.tolist() == again.head(bad).index.tolist()
    assert set(once.head(bad).index) != set(other.head(bad).index)


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_rows_that_contradict_themselves_are_taken_by_no_claim(ratio: float) -> None:
    base = mistaken()
    wrong = base[(base[list(WRONG)] != usual()[list(WRONG)]).any(axis=1)]
    assert len(wrong) == 3 * len(WRONG)
    slots, dice = slots_of([1_000], ratio)
    contexts = contexts_from(wrong, len(slots))
    reference = reference_from(base).including(contexts)
    frame = compose(slots, dice, contexts, reference, profile="demo", seed=1).frame
    right = reference_from(usual())
    assert frame["facility_key"].isin(right.facilities["facility_key"]).all()
    assert frame["case_key"].isin(right.cases["case_key"]).all()
    assert frame["facility_key"].nunique() > 3


def test_an_infinite_amount_serves_for_nothing() -> None:
    base = usual().copy()
    base.loc[::100, "amount_claimed"] = np.inf
    frame = composed(base, count=300).frame
    assert np.isfinite(frame[["amount_min", "amount_max"]]).all(axis=None)


def test_claims_of_a_group_are_due_together() -> None:
    frame = realistic()
    assert frame.groupby("unit")["due_at"].nunique().max() == 1
    assert frame.groupby("unit").size().max() == 4


def test_one_patient_has_one_number_and_others_have_their_own() -> None:
    frame = realistic()
    pairs = frame[frame["scenario"].isin(["repeat_billing", "fragmentation", "self_referral"])]
    assert pairs.groupby("unit")["patient"].nunique().eq(1).all()
    clones = frame[frame["scenario"] == "cloning"]
    assert clones["patient"].is_unique
    assert frame.groupby("patient")["unit"].nunique().eq(1).all()


def test_a_split_stay_does_not_overlap() -> None:
    frame = realistic()
    parts = frame[frame["scenario"] == "fragmentation"].set_index("unit")
    former, latter = parts[parts["member"] == 0], parts[parts["member"] == 1]
    begins = latter["care_end_days"] + latter["los_max"]
    gap = former["care_end_days"] - begins
    assert len(gap) and gap.between(0, 1).all()


def test_repeats_lie_at_most_three_days_apart() -> None:
    frame = realistic()
    days = frame[frame["scenario"] == "repeat_billing"].groupby("unit")["care_end_days"]
    assert (days.max() - days.min()).between(0, 3).all()


def test_self_referral_goes_to_another_facility_with_another_diagnosis() -> None:
    frame = realistic()
    units = frame[frame["scenario"] == "self_referral"].groupby("unit")
    assert units["facility_key"].nunique().eq(2).all()
    assert units["case_key"].nunique().eq(2).all()


def test_what_the_base_cannot_support_goes_to_the_others() -> None:
    found = set(composed(bare()).frame["scenario"].dropna())
    assert {"room_class", "phantom_procedure"}.isdisjoint(found)
    assert "upcoding_procedure" in found
    no_therapy = usual()[usual()["dx_primary_code"] != "Z50"].reset_index(drop=True)
    frame = composed(no_therapy).frame
    assert "phantom_physio" not in set(frame["scenario"].dropna())
    assert frame.loc[frame["is_fraud"], "scenario"].notna().all()


def test_every_fraud_claim_has_a_scenario_even_on_a_base_of_one_row() -> None:
    for number in range(6):
        base = usual().iloc[[number]].reset_index(drop=True)
        frame = composed(base, count=60).frame
        assert frame.loc[frame["is_fraud"], "scenario"].notna().all()


@pytest.mark.parametrize("profile", ["demo", "realistic"])
def test_bounds_are_never_empty(profile: str) -> None:
    for base in (usual(), bare(), first(10), first(1)):
        frame = composed(base, count=500, profile=profile).frame
        assert (frame["los_min"] <= frame["los_max"]).all()
        assert (frame["amount_min"] <= frame["amount_max"]).all()
        assert (frame["amount_min"] > 0).all()
        assert frame["care_end_days"].between(0, 14).all()


def test_the_realistic_profile_repeats_honest_visits_as_often_as_the_base() -> None:
    base = usual().assign(duplicate_pattern=np.arange(len(usual())) % 10 == 0)
    frame = composed(base, count=20_000, ratio=0.0, profile="realistic").frame
    share = frame["patient"].duplicated(keep=False).mean()
    assert share == pytest.approx(0.1, abs=0.015)
    assert not composed(base, ratio=0.0).frame["patient"].duplicated().any()
