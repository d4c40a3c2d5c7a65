"""A killed run that Dagster takes to be alive is ended by the next one, and the queue goes on."""

import signal
import subprocess
import sys

import dagster as dg
import pytest

from claimsim_pipeline.composition import run_log
from claimsim_pipeline.orchestration.dead_runs import AD_HOC, end_dead_runs
from claimsim_pipeline.storage.lease import Lease
from claimsim_pipeline.storage.waiting import waiting
from claimsim_pipeline_tests.orchestration.conftest import WINDOWS, Location

KILLED_WHILE_IT_WAITED = """
import os, signal, sys
from pathlib import Path
from claimsim_pipeline.storage.waiting import waiting
with waiting(Path(sys.argv[1]), sys.argv[2]):
    os.kill(os.getpid(), signal.SIGKILL)
"""
STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE


def started(location: Location, job: str = "simulate_claims", **tags: str) -> dg.DagsterRun:
    """A run as ``dagster job execute`` leaves it behind when it is killed."""
    definition = location.definitions.resolve_job_def(job)
    return location.instance.create_run_for_job(definition, status=STARTED, tags=tags)


def marked(location: Location, run_id: str) -> None:
    """Let the run have begun."""
    line = {"run_id": run_id, "duckdb_path": str(location.settings.duckdb_path)}
    run_log(location.settings).begin(run_id, line)


def status(location: Location, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = location.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


@pytest.mark.slow
def test_the_next_run_tells_dagster_that_a_killed_one_has_failed(location: Location) -> None:
    killed = started(location)
    marked(location, killed.run_id)
    assert location.run("simulate_claims", WINDOWS[0]).success
    assert status(location, killed) == FAILURE


def test_a_killed_injection_is_found_by_the_ad_hoc_run_that_it_made(location: Location) -> None:
    killed = started(location, "inject_claims", **{AD_HOC: "0123456789ab"})
    marked(location, "0123456789ab")
    assert end_dead_runs(location.instance, location.settings) == [killed.run_id]
    assert end_dead_runs(location.instance, location.settings) == []


def test_a_run_that_holds_the_lease_is_left_alone(location: Location) -> None:
    living = started(location)
    with Lease(location.settings.duckdb_path, run_id=living.run_id):
        marked(location, living.run_id)
        assert end_dead_runs(location.instance, location.settings) == []
    assert status(location, living) == STARTED


def test_a_run_that_waits_for_its_turn_is_left_alone(location: Location) -> None:
    waiting = started(location)
    assert end_dead_runs(location.instance, location.settings) == []
    assert status(location, waiting) == STARTED


def test_a_run_that_was_killed_while_it_waited_is_ended_and_a_living_one_is_not(
    location: Location,
) -> None:
    killed, living = started(location), started(location)
    home = location.settings.home
    killing = [sys.executable, "-c", KILLED_WHILE_IT_WAITED, str(home), killed.run_id]
    assert subprocess.run(killing, check=False).returncode == -signal.SIGKILL
    with waiting(home, living.run_id):
        assert end_dead_runs(location.instance, location.settings) == [killed.run_id]
        assert end_dead_runs(location.instance, location.settings) == []
    assert status(location, killed) == FAILURE
    assert status(location, living) == STARTED
    assert not list((home / "waiting").iterdir())


@pytest.mark.slow
def test_an_injection_can_be_resumed_by_the_tag_of_its_run(location: Location) -> None:
    result = location.run("inject_claims", pace="instant", max_claims=3)
    run = location.instance.get_run_by_id(result.run_id)
    assert run is not None
    ((ad_hoc,),) = location.query("SELECT DISTINCT run_id FROM claims_live_truth")
    assert run.tags[AD_HOC] == ad_hoc
    assert (location.settings.home / "runs" / f"{ad_hoc}.json").exists()


@pytest.mark.parametrize("job", ["simulate_claims", "inject_claims", "prune_old_claims"])
def test_all_that_simulates_or_prunes_shares_one_pool(location: Location, job: str) -> None:
    nodes = location.definitions.resolve_job_def(job).all_node_defs
    assert {node.pool for node in nodes if isinstance(node, dg.OpDefinition)} == {
        "claimsim_simulation"
    }


def test_a_refresh_waits_for_nobody(location: Location) -> None:
    nodes = location.definitions.resolve_job_def("refresh_ml_scores").all_node_defs
    assert {node.pool for node in nodes if isinstance(node, dg.OpDefinition)} == {None}
