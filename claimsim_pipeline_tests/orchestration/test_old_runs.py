"""Old runs of the simulation are deleted, however they were started; other people's stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from claimsim_pipeline.orchestration import old_runs
from claimsim_pipeline.orchestration.old_runs import forget, forget_at_home
from claimsim_pipeline_tests.orchestration.conftest import Location

SIMULATION = ("sampled_context", "generated_claims", "scored_claims", "claims_live_stream")
LATER = datetime.now(UTC) + timedelta(days=1)
DONE, FAILED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


def materialized(
    location: Location, *assets: str, status: dg.DagsterRunStatus = DONE
) -> dg.DagsterRun:
    """A run as the UI leaves it behind when it materializes assets without a job."""
    return location.instance.create_run_for_job(
        location.definitions.resolve_implicit_global_asset_job_def(),
        status=status,
        asset_selection=frozenset(map(dg.AssetKey, assets)) or None,
    )


@dg.asset
def somebody_elses() -> None:
    """Of another code location on the same instance."""


def left(location: Location) -> set[str]:
    return {run.run_id for run in location.instance.get_runs()}


@pytest.mark.slow
def test_materializations_of_the_simulation_go(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_runs, "_RUNS_AT_ONCE", 2)
    for status in (DONE, FAILED, DONE):
        materialized(location, *SIMULATION, status=status)
    materialized(location, "claims_live_stream")
    assert forget(location.instance, LATER) == 4
    assert left(location) == set()


def test_materializations_of_anything_else_stay(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_runs, "_RUNS_AT_ONCE", 2)  # pages of runs that stay are passed over
    others = [
        materialized(location, "claims_ml_scores"),
        materialized(location, "claims_live_stream", "claims_ml_scores"),
        location.instance.create_run_for_job(
            dg.Definitions([somebody_elses]).resolve_implicit_global_asset_job_def(),
            status=DONE,
            asset_selection=frozenset({somebody_elses.key}),
        ),
        materialized(location),  # all there are
        materialized(location, *SIMULATION, status=dg.DagsterRunStatus.STARTED),
    ]
    materialized(location, *SIMULATION)
    assert forget(location.instance, LATER) == 1
    assert left(location) == {run.run_id for run in others}


def test_young_runs_stay(location: Location) -> None:
    run = materialized(location, *SIMULATION)
    assert forget(location.instance, datetime.now(UTC) - timedelta(days=7)) == 0
    assert left(location) == {run.run_id}


@pytest.mark.slow
def test_the_command_line_deletes_them_with_what_they_printed(
    location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert forget_at_home(LATER) == 0  # there is no Dagster
    home = tmp_path / "dagster"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    job = location.definitions.resolve_job_def("inject_claims")
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(job, status=DONE)
    printed = home / "storage" / run.run_id / "compute_logs" / "step.err"
    printed.parent.mkdir(parents=True)
    printed.write_text("printed")
    assert forget_at_home(LATER) == 1
    assert not printed.parent.parent.exists()


def test_a_dagster_that_cannot_be_asked_fails_no_pruning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "dagster_home_that_is_a_file"
    home.write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    assert forget_at_home(LATER) == 0
    assert "were not deleted" in caplog.text
