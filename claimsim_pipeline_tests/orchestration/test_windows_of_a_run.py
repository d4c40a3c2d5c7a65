"""Which windows a run is for, and what is said when it names none."""

import json

import pytest

from claimsim_pipeline_tests.orchestration.conftest import Location, failure_of

STREAM = "SELECT * EXCLUDE (patient_key) FROM claims_live_stream ORDER BY claim_id"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("2026-11-20-08:10", "The nearest one before it is '2026-11-20-08:00'"),
        ("2026-11-23-08:30", "lies in the future"),
        ("2025-12-31-23:30", "before the first partition"),
    ],
)
def test_a_key_that_is_no_window_materializes_nothing(
    location: Location, key: str, said: str
) -> None:
    result = location.run("simulate_claims", key)
    assert not result.success
    assert said in failure_of(result)
    assert not result.get_asset_materialization_events()
    assert "claims_live_stream" not in location.tables()
    assert not location.settings.home.exists()


def test_no_key_says_both_commands(location: Location) -> None:
    said = failure_of(location.run("simulate_claims"))
    assert '-j simulate_claims --tags \'{"dagster/partition": "2026-11-23-08:00"}\'' in said
    assert "-j inject_claims" in said


def test_a_window_is_in_the_stream_with_scores_and_truth(location: Location) -> None:
    assert location.run("simulate_claims", "2026-11-20-08:00").success
    ((rows, scores, truth),) = location.query(
        "SELECT (SELECT count(*) FROM claims_live_stream), "
        "(SELECT count(*) FROM claims_live_scores), (SELECT count(*) FROM claims_live_truth)"
    )
    assert rows == scores == truth == 12


def test_the_same_window_again_gives_the_same_rows(location: Location) -> None:
    location.run("simulate_claims", "2026-11-20-08:00")
    first = location.query(STREAM)
    again = location.run("simulate_claims", "2026-11-20-08:00")
    assert location.query(STREAM) == first
    (event,) = again.asset_materializations_for_node("claims_live_stream")
    assert event.metadata["claims/inserted"].value == 0


@pytest.mark.slow
def test_another_seed_replaces_that_window_and_no_other(location: Location) -> None:
    location.run("simulate_claims", "2026-11-20-08:00", to="2026-11-20-08:30")
    other = "SELECT * FROM claims_live_stream SEMI JOIN claims_live_truth t USING (claim_id) "
    other = (
        "SELECT s.* FROM claims_live_stream s JOIN claims_live_truth t USING (claim_id) "
        "WHERE t.window_start = '2026-11-20 01:30:00+00' ORDER BY claim_id"
    )
    before, kept = location.query(STREAM), location.query(other)
    location.run("simulate_claims", "2026-11-20-08:00", seed=7)
    after = location.query(STREAM)
    assert len(after) == len(before) == 24
    assert after != before
    assert location.query(other) == kept


@pytest.mark.slow
def test_a_range_in_one_run_is_as_one_run_per_window(make_location) -> None:
    keys = ["2026-11-20-23:00", "2026-11-20-23:30", "2026-11-21-00:00"]
    apart = make_location()
    for key in keys:
        assert apart.run("simulate_claims", key).success
    one_by_one = apart.query("SELECT * FROM claims_live_stream ORDER BY claim_id")
    together = make_location()  # a fresh copy of the base
    result = together.run("simulate_claims", keys[0], to=keys[-1])
    assert together.query("SELECT * FROM claims_live_stream ORDER BY claim_id") == one_by_one
    events = result.asset_materializations_for_node("claims_live_stream")
    assert [event.partition for event in events] == keys


def test_a_malformed_key_materializes_nothing(location: Location) -> None:
    with pytest.raises(ValueError, match="does not match format"):
        location.run("simulate_claims", "../../etc'; DROP TABLE claims_normalized; --")
    assert location.tables() == {"claims_normalized"}


@pytest.mark.slow
def test_the_run_log_tells_of_good_and_bad_runs(location: Location) -> None:
    location.run("simulate_claims", "2026-11-20-08:00")
    location.settings.duckdb_path.chmod(0o644)
    location.run("simulate_claims", "2026-11-20-08:00", to="2026-11-20-09:00")
    lines = [json.loads(line) for line in location.settings.log_path.read_text().splitlines()]
    assert [line["window"] for line in lines] == [
        "2026-11-20-08:00",
        "2026-11-20-08:00...2026-11-20-09:00",
    ]
    assert [line["status"] for line in lines] == ["completed", "completed"]
    assert [line["inserted_claims"] for line in lines] == [12, 24]
