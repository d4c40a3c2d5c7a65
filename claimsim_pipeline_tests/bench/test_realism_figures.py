"""The realism targets: judged where they apply, shown where they do not."""

from __future__ import annotations

from claimsim_pipeline.bench import realism_figures as targets
from claimsim_pipeline.insight.realism.detect import Detectability, Scenario


def found(**more: object) -> Detectability:
    plain = {
        "columns": {"los": {"all": 0.6, "RITL": 0.73}, "facility_name": {"all": 0.9, "RITL": 0.9}},
        "rules": {"all": 0.6, "RITL": 0.4},
        "forest": {"all": 0.8, "RITL": 0.6},
        "supervised": {"all": 0.8, "RITL": 0.8},
        "context": {"all": 0.95, "RITL": 0.95},
        "scenarios": {
            "cloning": Scenario(200, 0.9, 0.5),
            "room_class": Scenario(300, 0.8, 0.45),
            "self_referral": Scenario(3, 0.1, 0.5),
        },
    }
    return Detectability(**(plain | more))  # type: ignore[arg-type]  # one dict for all fields


def judged(figures: list) -> dict[str, bool | None]:
    return {figure.case: figure.ok for figure in figures}


def test_detectors_are_judged_overall_and_shown_per_service() -> None:
    ok = judged(targets.detection_figures("r", found()))
    assert ok["r: rules"] is True
    assert ok["r: isolation forest"] is False
    assert ok["r: rules, RITL"] is None


def test_a_single_column_has_a_stricter_limit_within_a_service_type() -> None:
    ok = judged(targets.detection_figures("r", found()))
    assert ok["r: strongest single column, all"] is True
    assert ok["r: strongest single column, RITL"] is False


def test_scenarios_with_too_few_claims_are_not_judged() -> None:
    ok = judged(targets.scenario_figures("r", found()))
    assert ok["r: signal of cloning"] is True
    assert ok["r: signal of room_class"] is False
    assert ok["r: signal of self_referral"] is None
    assert ok["r: scenarios invisible to the rules"] is False
