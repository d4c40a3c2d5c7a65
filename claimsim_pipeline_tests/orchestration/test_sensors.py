"""The gate before a refresh: nothing is lost, nothing is doubled."""

from pathlib import Path

import dagster as dg
import pytest

from claimsim_pipeline.orchestration.names import Measure
from claimsim_pipeline_tests.orchestration.conftest import Location

STREAM, SCORES = "claims_live_stream", "claims_ml_scores"


class Gate:
    """The sensor on an instance, tick after tick."""

    def __init__(self, location: Location) -> None:
        self.sensor = location.definitions.resolve_sensor_def("ml_scores_refresh_sensor")
        self.instance = location.instance
        self.job = location.definitions.resolve_job_def("refresh_ml_scores")
        self.cursor: str | None = None

    def tick(self) -> list[str]:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = self.sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return [request.run_key for request in result.run_requests]

    def published(self, claims: int) -> None:
        self._tell(dg.AssetMaterialization(STREAM, metadata={Measure.INSERTED: claims}))

    def cut_short(self, claims: int) -> None:
        self._tell(dg.AssetObservation(STREAM, metadata={Measure.INSERTED: claims}))

    def pruned(self, claims: int) -> None:
        self._tell(dg.AssetObservation(STREAM, metadata={Measure.PRUNED: claims}))

    def refreshed(self, seen: int) -> None:
        self._tell(dg.AssetMaterialization(SCORES, metadata={Measure.SEEN_THROUGH: seen}))

    def latest(self) -> int:
        from claimsim_pipeline.orchestration.event_log import latest_stream_event

        return latest_stream_event(self.instance)

    def run(self, status: dg.DagsterRunStatus, after: int = 0) -> None:
        tags = {"claimsim/refresh_after": str(after)}
        self.instance.create_run_for_job(self.job, status=status, tags=tags)

    def _tell(self, event: dg.AssetMaterialization | dg.AssetObservation) -> None:
        self.instance.report_runless_asset_event(event)


@pytest.fixture
def gate(location: Location) -> Gate:
    return Gate(location)


def test_few_claims_wait(gate: Gate) -> None:
    gate.published(499)
    assert gate.tick() == []


def test_claims_add_up_over_runs_and_ticks(gate: Gate) -> None:
    gate.published(300)
    assert gate.tick() == []
    gate.cut_short(100)
    gate.published(100)
    assert gate.tick() == ["refresh-0-1-0"]


def test_a_lost_cursor_loses_nothing(gate: Gate) -> None:
    gate.published(300)
    gate.tick()
    gate.cursor = None
    gate.published(200)
    assert gate.tick() == ["refresh-0-1-0"]


def test_a_tick_that_is_repeated_asks_under_the_same_key(gate: Gate) -> None:
    gate.published(500)
    assert gate.tick() == gate.tick()


def test_one_refresh_at_a_time(gate: Gate) -> None:
    gate.published(500)
    gate.run(dg.DagsterRunStatus.STARTED)
    gate.published(500)
    assert gate.tick() == []


def test_a_refresh_that_failed_is_asked_for_again_three_times_at_most(gate: Gate) -> None:
    gate.published(500)
    keys = []
    for _ in range(5):
        keys += gate.tick()
        gate.run(dg.DagsterRunStatus.FAILURE)
    assert sorted(set(keys)) == ["refresh-0-1-0", "refresh-0-1-1", "refresh-0-1-2"]


def test_counting_starts_again_after_what_a_refresh_has_seen(gate: Gate) -> None:
    gate.published(500)
    gate.tick()
    seen = gate.latest()
    gate.published(200)  # while the refresh ran
    gate.refreshed(seen)
    assert gate.tick() == []
    gate.published(300)
    assert gate.tick() == [f"refresh-{seen}-1-0"]


def test_a_prune_of_as_many_asks_for_a_refresh(gate: Gate) -> None:
    gate.pruned(499)
    assert gate.tick() == []
    gate.pruned(1)
    assert gate.tick() == ["refresh-0-1-0"]


@pytest.mark.slow
def test_what_simulations_publish_is_what_the_gate_counts(make_location) -> None:
    location = make_location(SIM_REFRESH_MIN_CLAIMS="36")
    gate = Gate(location)
    location.run("simulate_claims", "2026-11-20-08:00", to="2026-11-20-08:30")
    assert gate.tick() == []
    location.run("inject_claims", pace="instant")
    assert len(gate.tick()) == 1
    assert gate.job.execute_in_process(instance=location.instance).success
    assert gate.tick() == []


@pytest.mark.slow
def test_a_refresh_covers_the_feed_and_its_check_says_so(location: Location) -> None:
    location.run("simulate_claims", "2026-11-20-08:00")
    result = location.definitions.resolve_job_def("refresh_ml_scores").execute_in_process(
        instance=location.instance
    )
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    ((scores, feed),) = location.query(
        "SELECT (SELECT count(*) FROM claims_ml_scores), (SELECT count(*) FROM claims_feed)"
    )
    assert scores == feed == 612


def test_the_batch_sensor_rests_while_no_batch_is_ready(location: Location) -> None:
    sensor = location.definitions.resolve_sensor_def("llm_batch_sensor")
    context = dg.build_sensor_context(instance=location.instance)
    assert "No batch has come back" in sensor.evaluate_tick(context).skip_message


def test_the_schedule_asks_for_the_window_that_has_just_begun(
    location: Location, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    schedule = location.definitions.resolve_schedule_def("simulate_claims_schedule")
    tick = datetime(2026, 11, 23, 1, 0, 1, tzinfo=UTC)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=tick,
            repository_def=location.definitions.get_repository_def(),
        )
        (request,) = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == "2026-11-23-08:00"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
