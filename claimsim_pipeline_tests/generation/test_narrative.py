"""Narratives: short, varied, true to the row, silent about fraud."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from claimsim_pipeline.generation.brief import compose
from claimsim_pipeline.generation.mutator import mutate
from claimsim_pipeline.generation.narrative import narrate
from claimsim_pipeline_tests.generation.base_frames import (
    contexts_from,
    reference_from,
    slots_of,
)
from claimsim_pipeline_tests.generation.bases import usual

SLOTS, DICE = slots_of([2_000], 0.5)
CONTEXTS = contexts_from(usual(), len(SLOTS))
REFERENCE = reference_from(usual()).including(CONTEXTS)
BRIEFS = compose(SLOTS, DICE, CONTEXTS, REFERENCE, profile="demo", seed=1)
DRAFTS = mutate(BRIEFS, REFERENCE)


def test_narratives_are_short_and_varied() -> None:
    text = DRAFTS["narrative"]
    assert text.str.len().between(40, 400).all()
    assert text.nunique() > 300


def test_the_only_number_is_the_stay() -> None:
    for text, los in zip(DRAFTS["narrative"], DRAFTS["los"], strict=True):
        assert set(re.findall(r"\d+", text)) <= {str(los)}


def test_an_outpatient_is_not_told_to_have_stayed() -> None:
    home = DRAFTS["case_key"].map(
        REFERENCE.cases.set_index("case_key")["service_type"].eq("RJTL").to_dict()
    )
    assert not DRAFTS.loc[home, "narrative"].str.contains("inap").any()
    assert DRAFTS.loc[~home, "narrative"].str.contains("rawat").mean() > 0.9


def test_honest_and_planted_claims_are_worded_alike() -> None:
    fraud = BRIEFS.frame["is_fraud"].to_numpy()
    home = BRIEFS.frame["los_max"].to_numpy() == 0
    opening = DRAFTS["narrative"].str.split().str[:2].str.join(" ")
    words = [set(opening[home & mask]) for mask in (fraud, ~fraud)]
    assert words[0] == words[1]


def test_a_narrative_depends_on_its_own_row_alone() -> None:
    some = np.arange(0, 2_000, 7)
    again = narrate(DRAFTS.iloc[some].reset_index(drop=True), REFERENCE, DICE[some])
    assert again.tolist() == DRAFTS["narrative"].iloc[some].tolist()


def test_cases_that_were_learnt_in_parts_are_told_as_well() -> None:
    cases = pd.concat([REFERENCE.cases.head(3), REFERENCE.cases.iloc[3:]], ignore_index=True)
    again = narrate(DRAFTS, replace(REFERENCE, cases=cases), DICE)
    assert again.tolist() == DRAFTS["narrative"].tolist()
