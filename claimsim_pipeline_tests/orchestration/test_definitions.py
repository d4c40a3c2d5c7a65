"""What Dagster is told of the project: names, secrets, settings."""

import json
import subprocess
import sys

import dagster as dg
import pytest

from claimsim_pipeline import definitions
from claimsim_pipeline.definitions import SettingsUnusable
from claimsim_pipeline_tests.orchestration.conftest import Location

KEY = "sk-hidden-0123456789"


def test_the_names_of_the_contract(location: Location) -> None:
    repository = location.definitions.get_repository_def()
    assert {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()} == {
        "claims_normalized",
        "sampled_context",
        "generated_claims",
        "scored_claims",
        "claims_live_stream",
        "claims_ml_scores",
    }
    jobs = {name for name in repository.job_names if not name.startswith("__")}
    assert jobs == {"simulate_claims", "inject_claims", "refresh_ml_scores", "prune_old_claims"}
    assert {s.name for s in repository.schedule_defs} == {
        "simulate_claims_schedule",
        "prune_old_claims_schedule",
    }
    assert {s.name for s in repository.sensor_defs} == {
        "ml_scores_refresh_sensor",
        "llm_batch_sensor",
    }


def test_the_definitions_are_valid(location: Location) -> None:
    dg.Definitions.validate_loadable(location.definitions)


def test_every_asset_says_what_it_is(location: Location) -> None:
    for spec in location.definitions.resolve_all_asset_specs():
        assert spec.description
        assert spec.group_name == "simulation"
        assert spec.kinds
        assert spec.owners
    stream = location.definitions.resolve_assets_def("claims_live_stream")
    metadata = next(iter(stream.specs)).metadata
    columns = metadata["dagster/column_schema"].columns
    assert len(columns) == 53
    assert all(column.description for column in columns)
    assert "dagster/code_references" in metadata


def test_every_choice_of_a_run_is_described(location: Location) -> None:
    job = location.definitions.resolve_job_def("simulate_claims")
    op = next(node for node in job.nodes if node.name == "sampled_context").definition
    fields = op.config_schema.as_field().config_type.fields
    assert set(fields) == {
        "duration_seconds",
        "interval_seconds",
        "max_claims",
        "jitter",
        "fraud_ratio",
        "fraud_profile",
        "seed",
        "pace",
        "regenerate",
        "llm_batch",
    }
    assert all(field.description for field in fields.values())


def test_current_window_is_a_partition_and_the_next_is_not(location: Location) -> None:
    asset = location.definitions.resolve_assets_def("claims_live_stream")
    keys = asset.partitions_def.get_partition_keys(current_time=location.clock.now())
    assert keys[-1] == "2026-11-23-08:00"
    assert keys[0] == "2026-01-01-00:00"


def test_the_key_of_the_model_is_in_no_definition_and_no_event(make_location) -> None:
    location = make_location(OPENAI_API_KEY=KEY)
    repository = location.definitions.get_repository_def()
    for name in repository.job_names:
        snapshot = repository.get_job(name).get_job_snapshot()
        assert KEY not in dg.serialize_value(snapshot)
    assert KEY not in json.dumps(repository.get_top_level_resources(), default=str)


def test_a_bad_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM_FRAUD_RATIO", "7")
    definitions.once.cache_clear()
    with pytest.raises(SettingsUnusable, match=r"SIM_FRAUD_RATIO='7' is not allowed"):
        definitions.defs()


@pytest.mark.slow
def test_the_module_is_quick_to_import() -> None:
    """At most 2.5 times what Dagster itself takes, definitions included."""
    script = (
        "import time; a = time.perf_counter(); import dagster; b = time.perf_counter()\n"
        "from claimsim_pipeline import definitions; definitions.defs()\n"
        "print((time.perf_counter() - a) / (b - a))"
    )
    ratios = [float(subprocess.check_output([sys.executable, "-c", script])) for _ in range(3)]
    assert min(ratios) <= 2.5
