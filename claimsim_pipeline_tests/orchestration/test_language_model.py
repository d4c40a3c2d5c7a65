"""Runs of Dagster whose claims a model writes: bought once, within the budget, or in a batch."""

import json
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from claimsim_pipeline import composition
from claimsim_pipeline.bench.llm_model import Model
from claimsim_pipeline.bench.llm_server import LoopbackServer
from claimsim_pipeline.cli import main
from claimsim_pipeline.orchestration import turns
from claimsim_pipeline_tests.orchestration.conftest import WINDOWS, Location, failure_of

_BY_WINDOW = (
    "SELECT count(*), count(*) FILTER (WHERE generator = 'llm') FROM claims_live_truth "
    "GROUP BY window_start ORDER BY window_start"
)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(Model()) as server:
        yield server


Buying = Callable[..., Location]


@pytest.fixture
def buying(make_location: Callable[..., Location], server: LoopbackServer) -> Buying:
    """Makes locations whose claims the server writes."""

    def make(**environ: str) -> Location:
        told = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": server.base_url, **environ}
        return make_location(**{"SIM_FORCE_LLM": "true", **told})

    return make


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """What the run says about its generated claims, on the newest window."""
    told: dict[str, object] = {}
    for event in result.asset_materializations_for_node("generated_claims"):
        told |= {name: value.value for name, value in event.metadata.items()}
    return told


def test_windows_by_the_model_are_bought_once(buying: Buying, server: LoopbackServer) -> None:
    location, account = buying(), server.model.account
    first = location.run("simulate_claims", *WINDOWS)
    assert location.query(_BY_WINDOW) == [(12, 12), (12, 12)]
    events = first.asset_materializations_for_node("generated_claims")
    books = [{name: value.value for name, value in event.metadata.items()} for event in events]
    assert [told["dagster/partition_row_count"] for told in books] == [12, 12]
    assert all(told["llm/cost_usd"] > 0 for told in books)
    assert sum(told["llm/input_tokens"] for told in books) == account.input_tokens
    assert sum(told["llm/output_tokens"] for told in books) == account.output_tokens
    assert sum(told["llm/cost_usd"] for told in books) == pytest.approx(_price_of(server))
    (whole,) = [
        event.metadata["llm/input_tokens"].value
        for event in first.asset_materializations_for_node("claims_live_stream")
        if "llm/input_tokens" in event.metadata
    ]
    assert whole == account.input_tokens
    assert account.paid == 24
    assert location.run("simulate_claims", WINDOWS[1]).success
    assert account.paid == 24


@pytest.mark.slow
def test_a_budget_is_the_runs_however_many_turns_it_takes(
    buying: Buying, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_ROWS", 12)
    assert buying().run("simulate_claims", WINDOWS[0]).success
    price = _price_of(server)
    location = buying(SIM_LLM_MAX_COST_USD=f"{1.5 * price:.9f}", SIM_LLM_CONCURRENCY="1")
    result = location.run("simulate_claims", WINDOWS[0], WINDOWS[1], regenerate=True)
    assert "SIM_LLM_MAX_COST_USD" in failure_of(result)
    assert _price_of(server) == pytest.approx(2.5 * price, rel=0.1)


@pytest.mark.slow
def test_a_hopeless_model_is_remarked_on_and_the_log_says_that_the_mutator_ran(
    buying: Buying, server: LoopbackServer
) -> None:
    server.model.knobs.turn({"status": 401})
    location = buying(SIM_FORCE_LLM="false")
    result = location.run("simulate_claims", WINDOWS[0])
    assert result.success
    assert "the key was refused" in str(metadata(result)["remarks"])
    line = json.loads(location.settings.log_path.read_text())
    assert (line["generator_counts"], line["llm_model"]) == ({"mutator": 12}, None)


@pytest.mark.slow
def test_a_batch_is_submitted_whole_then_collected_by_the_sensor(
    buying: Buying, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_ROWS", 12)
    location, account = buying(SIM_LLM_BATCH="true"), server.model.account
    submitted = location.run("simulate_claims", *WINDOWS)
    assert submitted.success
    assert submitted.asset_materializations_for_node("claims_live_stream") == []
    assert account.batches == 2
    _collect(location)
    assert location.query(_BY_WINDOW) == [(12, 12), (12, 12)]
    assert (account.paid, account.batched, account.calls) == (24, 24, 0)
    assert _tick(location).skip_message == "No batch has come back."
    assert composition.collect_batches(location.settings) == []


@pytest.mark.slow
def test_a_batch_is_collected_as_it_was_submitted(buying: Buying, server: LoopbackServer) -> None:
    location, account = buying(SIM_LLM_BATCH="true"), server.model.account
    location.run("simulate_claims", *WINDOWS, regenerate=True, fraud_ratio=0.5)
    changed = {"SIM_FRAUD_RATIO": "0.1", "SIM_MAX_CLAIMS": "7", "SIM_INTERVAL_SECONDS": "3"}
    _collect(buying(SIM_LLM_BATCH="true", **changed))
    assert location.query(_BY_WINDOW) == [(12, 12), (12, 12)]
    assert (account.batches, account.batched, account.calls) == (1, 24, 0)


@pytest.mark.slow
def test_a_batch_of_another_model_is_not_paid_again(buying: Buying, server: LoopbackServer) -> None:
    buying(SIM_LLM_BATCH="true").run("simulate_claims", *WINDOWS)
    location = buying(SIM_LLM_BATCH="true", SIM_LLM_MODEL="gpt-4o")
    tick = _tick(location)
    assert not tick.run_requests
    assert "came from gpt-4o-mini, and SIM_LLM_MODEL is gpt-4o" in (tick.skip_message or "")
    environ = {
        "DUCKDB_PATH": str(location.settings.duckdb_path),
        "SIM_HOME": str(location.settings.home),
        "SIM_LOG_PATH": str(location.settings.log_path),
        "OPENAI_BASE_URL": server.base_url,
        "SIM_LLM_MODEL": "gpt-4o",
    }
    assert main(["batch", "collect"], environ) == 0
    assert location.query("SELECT DISTINCT llm_model FROM claims_live_truth") == [("gpt-4o-mini",)]
    assert (server.model.account.batched, server.model.account.calls) == (24, 0)


def _tick(location: Location) -> SensorExecutionData:
    context = dg.build_sensor_context(
        instance=location.instance, repository_def=location.definitions.get_repository_def()
    )
    return location.definitions.resolve_sensor_def("llm_batch_sensor").evaluate_tick(context)


def _collect(location: Location) -> None:
    """Run what the sensor asks for."""
    requests = _tick(location).run_requests or []
    assert sorted(request.partition_key or "" for request in requests) == list(WINDOWS)
    for request in requests:
        done = location.definitions.resolve_job_def("simulate_claims").execute_in_process(
            instance=location.instance,
            partition_key=request.partition_key,
            run_config=request.run_config,
            tags=request.tags,
        )
        assert done.success


def _price_of(server: LoopbackServer) -> float:
    account = server.model.account
    fresh = account.input_tokens - account.cached_tokens
    return (fresh * 0.15 + account.cached_tokens * 0.075 + account.output_tokens * 0.6) / 1e6
