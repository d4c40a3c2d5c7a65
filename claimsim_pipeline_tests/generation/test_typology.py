"""The typology as data."""

from __future__ import annotations

import pytest

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.generation.typology import typology

FLAGS = {"short_stay_high_cost", "severity_mismatch", "duplicate_pattern", "high_cost_full_paid"}


def test_there_are_fourteen_documented_scenarios() -> None:
    scenarios = typology().scenarios
    assert [s.code for s in scenarios.values()] == [f"F{n}" for n in range(1, 15)]
    for scenario in scenarios.values():
        assert "[" in scenario.rationale, f"{scenario.name} names no source"
        assert scenario.term and scenario.english and scenario.effect and scenario.hint
        assert set(scenario.flags) <= FLAGS
        assert set(scenario.needs) <= set(COLUMNS)


@pytest.mark.parametrize("profile", ["demo", "realistic"])
def test_a_profile_shares_out_all_of_the_fraud(profile: str) -> None:
    mix = typology().profiles[profile]
    assert set(mix) == set(typology().scenarios)
    assert sum(mix.values()) == pytest.approx(1.0)


def test_groups_are_those_that_need_other_claims() -> None:
    grouped = {s.name: s.kind for s in typology().scenarios.values() if not s.single}
    assert grouped == {
        "cloning": "clones",
        "repeat_billing": "same_patient",
        "fragmentation": "same_patient",
        "self_referral": "cross_facility",
    }
