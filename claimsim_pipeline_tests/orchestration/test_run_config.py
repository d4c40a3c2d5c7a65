"""What may be chosen for one run, and that every stage sees the choice."""

import json

import dagster as dg
import pytest

from claimsim_pipeline_tests.orchestration.conftest import Location, failure_of

WINDOW = "2026-11-20-08:00"


BAD = [
    {"jitter": 1.0},
    {"fraud_ratio": 1.5},
    {"duration_seconds": 0.0},
    {"interval_seconds": -1.0},
    {"max_claims": 0},
    {"fraud_profile": "wild"},
    {"pace": "slow"},
    {"seed": -1},
]


@pytest.mark.parametrize("job", ["simulate_claims", "inject_claims"])
def test_a_bad_value_is_named_before_anything_is_written(location: Location, job: str) -> None:
    window = WINDOW if job == "simulate_claims" else None
    for bad in BAD if window else BAD[:2]:
        said = failure_of(location.run(job, window, **bad))
        ((name, value),) = bad.items()
        assert name in said
        assert str(value) in said
    assert location.tables() == {"claims_normalized"}
    assert not location.settings.log_path.exists()


@pytest.mark.slow
def test_choices_reach_every_stage(location: Location) -> None:
    result = location.run("simulate_claims", WINDOW, max_claims=3, fraud_ratio=0.0)
    assert result.success
    assert location.query("SELECT count(*), count_if(is_fraud) FROM claims_live_truth") == [(3, 0)]
    line = json.loads(location.settings.log_path.read_text())
    assert line["fraud_ratio_target"] == 0.0


@pytest.mark.slow
def test_choices_stay_with_the_staged_claims(location: Location) -> None:
    location.run("simulate_claims", WINDOW, max_claims=3)
    job = location.definitions.resolve_job_def("simulate_claims")
    rest = job.execute_in_process(
        instance=location.instance,
        tags={"dagster/partition": WINDOW},
        asset_selection=[dg.AssetKey(n) for n in ("generated_claims", "scored_claims")],
    )
    (event,) = rest.asset_materializations_for_node("scored_claims")
    assert event.metadata["dagster/partition_row_count"].value == 3


def test_a_run_without_a_model_says_which_setting_forbids_the_mutator(make_location) -> None:
    location = make_location(SIM_FORCE_LLM="true")
    said = failure_of(location.run("simulate_claims", WINDOW))
    assert "SIM_FORCE_LLM=true" in said
    line = json.loads(location.settings.log_path.read_text())
    assert line["status"] == "failed"
    assert "SIM_FORCE_LLM=true" in line["error"]
