"""Which windows a run is for, and what is said when it names none."""

import json
import shutil

import pytest

from claimsim_pipeline_tests.orchestration.conftest import WINDOWS, Finished, Location, failure_of

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


def test_a_window_is_in_the_stream_with_scores_and_truth(two_windows: Finished) -> None:
    assert two_windows.result.success
    counts = two_windows.location.query(
        "SELECT window_start, count(s.claim_id), count(c.claim_id) FROM claims_live_truth "
        "LEFT JOIN claims_live_stream s USING (claim_id) "
        "LEFT JOIN claims_live_scores c USING (claim_id) GROUP BY 1"
    )
    assert [row[1:] for row in counts] == [(12, 12), (12, 12)]
    everywhere = (
        "SELECT (SELECT count(*) FROM claims_live_stream), count(*) FROM claims_live_scores"
    )
    assert two_windows.location.query(everywhere) == [(24, 24)]


@pytest.mark.slow
def test_the_same_windows_again_give_the_same_rows(
    location: Location, two_windows: Finished
) -> None:
    shutil.copy(two_windows.location.settings.duckdb_path, location.settings.duckdb_path)
    first = location.query(STREAM)
    again = location.run("simulate_claims", *WINDOWS)
    assert location.query(STREAM) == first
    events = again.asset_materializations_for_node("claims_live_stream")
    assert [event.metadata["claims/inserted"].value for event in events] == [0, 0]


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


@pytest.mark.slow
def test_a_range_over_an_hour_that_the_clock_repeats_has_its_windows_twice(make_location) -> None:
    location = make_location(SIM_TIMEZONE="Europe/Berlin")
    result = location.run("simulate_claims", "2026-10-25-02:30", to="2026-10-25-03:00")
    events = result.asset_materializations_for_node("claims_live_stream")
    assert [event.partition for event in events] == [
        "2026-10-25-02:30",
        "2026-10-25-02:00+0100",
        "2026-10-25-02:30+0100",
        "2026-10-25-03:00",
    ]
    windows = "SELECT epoch(window_start), count(*) FROM claims_live_truth GROUP BY 1 ORDER BY 1"
    found = location.query(windows)
    first = found[0][0]
    assert found == [(first + 1800 * i, 12) for i in range(4)]
    assert location.run("simulate_claims", "2026-10-25-02:30+0100").success
    assert location.query(windows) == found


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
