"""Drafts of the offline generator: honest ones like the base, planted ones as planned."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.claims.consequences import derive
from claimsim_pipeline.generation.brief import compose
from claimsim_pipeline.generation.mutator import mutate
from claimsim_pipeline.generation.secondary import lengths
from claimsim_pipeline_tests.generation.base_frames import (
    contexts_from,
    reference_from,
    slots_of,
)
from claimsim_pipeline_tests.generation.bases import usual

TOLD = ["scenario", "is_fraud", "unit", "member", "key", "claim_id", "due_at"]


@cache
def claims(profile: str, ratio: float = 0.8) -> pd.DataFrame:
    slots, dice = slots_of([6_000], ratio)
    contexts = contexts_from(usual(), len(slots))
    reference = reference_from(usual()).including(contexts)
    briefs = compose(slots, dice, contexts, reference, profile=profile, seed=1)
    facts = mutate(briefs, reference).join(briefs.frame[TOLD])
    derived = derive(facts, reference, timezone="Asia/Jakarta")
    return derived.join(facts[["scenario", "is_fraud", "unit", "member", "narrative"]])


def of(scenario: str, profile: str = "realistic") -> pd.DataFrame:
    made = claims(profile)
    return made[made["scenario"] == scenario]


def loud(made: pd.DataFrame) -> pd.Series:
    cheap = (made["los"] <= 1) | (made["severity_group"] == "ringan")
    return cheap & (made["amount_claimed"] > made["peer_p90"])


def test_demo_fraud_is_loud_and_demo_honesty_is_not() -> None:
    made = claims("demo")
    assert loud(made[made["is_fraud"]]).mean() >= 0.95
    assert loud(made[~made["is_fraud"]]).mean() <= 0.001


def test_amounts_are_tariffs_of_the_base() -> None:
    for profile in ("demo", "realistic"):
        made = claims(profile)
        assert (made["amount_claimed"] % 100 == 0).all()
        seen = made["amount_claimed"].isin(usual()["amount_claimed"])
        assert seen[~made["is_fraud"]].all()
        assert seen.mean() >= 0.9


def test_everybody_is_paid_as_the_base_is() -> None:
    base = (usual()["amount_paid"] == usual()["amount_claimed"]).mean()
    made = claims("realistic")
    full = made["amount_paid"] == made["amount_claimed"]
    assert full[made["is_fraud"]].mean() == pytest.approx(base, abs=0.004)
    assert full[~made["is_fraud"]].mean() == pytest.approx(base, abs=0.004)


def test_clones_agree_in_their_record() -> None:
    clones = of("cloning").copy()
    clones["secondary"] = clones["dx_secondary_codes"].astype(str)
    record = ["facility_name", "dx_primary_code", "los", "secondary", "amount_claimed"]
    assert clones.groupby("unit")[record].nunique().eq(1).all(axis=None)
    assert clones["patient_key"].is_unique


def test_repeats_are_duplicates_with_one_amount() -> None:
    repeats = of("repeat_billing")
    assert repeats["duplicate_pattern"].all()
    assert repeats.groupby("unit")["amount_claimed"].nunique().eq(1).all()


def test_quiet_scenarios_do_what_they_say() -> None:
    assert lengths(of("upcoding_severity")["dx_secondary_codes"]).max() <= 1
    assert of("upcoding_severity")["severity_group"].isin(["berat", "fatal"]).all()
    assert of("room_class")["participant_segment_code"].isin([2, 3]).all()
    assert (of("unnecessary_admission")["los"] <= 1).all()
    assert (of("unnecessary_admission")["service_type"] == "RITL").all()
    prolonged = of("prolonged_los")
    usual_stay = usual().groupby(["dx_primary_code", "severity_group"])["los"].quantile(0.95)
    index = pd.MultiIndex.from_frame(prolonged[["dx_primary_code", "severity_group"]])
    assert (prolonged["los"].to_numpy() > usual_stay.reindex(index).to_numpy()).all()


def test_honest_columns_look_like_the_base() -> None:
    made = claims("realistic", 0.0)
    for column in ("service_type", "severity_group", "dx_primary_code"):
        shares = [frame[column].value_counts(normalize=True) for frame in (made, usual())]
        assert shares[0].sub(shares[1], fill_value=0).abs().sum() / 2 < 0.04
    assert made["los"].mean() == pytest.approx(usual()["los"].mean(), rel=0.1)
    assert made["amount_claimed"].mean() == pytest.approx(usual()["amount_claimed"].mean(), rel=0.1)


def test_no_honest_claim_is_a_copy_of_its_context_more_often_than_of_others() -> None:
    slots, dice = slots_of([6_000], 0.0)
    contexts = contexts_from(usual(), len(slots))
    reference = reference_from(usual()).including(contexts)
    briefs = compose(slots, dice, contexts, reference, profile="realistic", seed=1)
    drafts = mutate(briefs, reference)
    free = ["los", "amount_claimed", "participant_segment_code"]

    def agree(shift: int) -> float:
        other = contexts[contexts["case_key"] == drafts["case_key"]].index
        other = (
            other[
                np.roll(contexts.loc[other, "case_key"].to_numpy(), shift)
                == contexts.loc[other, "case_key"].to_numpy()
            ]
            if shift
            else other
        )
        theirs = contexts[free].loc[np.roll(contexts.index, shift)].to_numpy()
        same_case = contexts["case_key"].to_numpy() == np.roll(
            contexts["case_key"].to_numpy(), shift
        )
        equal = (drafts[free].to_numpy() == theirs).all(axis=1)
        return float(equal[same_case].mean())

    strangers = np.mean([agree(shift) for shift in range(1, 40)])
    assert agree(0) <= strangers + 0.08
