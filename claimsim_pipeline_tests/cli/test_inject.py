"""``claimsim inject`` against an endpoint that answers as Dagster does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from claimsim_pipeline.orchestration.submitting import inject_claims, run_config
from claimsim_pipeline_tests.cli.conftest import Claimsim
from claimsim_pipeline_tests.graphql_requests import complaints

NODE = {"name": "__repository__", "location": {"name": "claimsim_pipeline"}}


class Dagster(HTTPServer):
    """What a web server would say, and what it was asked."""

    def __init__(self) -> None:
        self.runs: list[dict[str, str]] = []
        self.jobs = ["inject_claims", "simulate_claims"]
        self.launched: dict[str, Any] = {
            "__typename": "LaunchRunSuccess",
            "run": {"runId": "r-1"},
        }
        self.status = 200
        self.asked: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Endpoint)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def submitted(self) -> list[dict[str, Any]]:
        return [a["variables"] for a in self.asked if "launchPipelineExecution" in a["query"]]

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        if "runsOrError" in asked["query"]:
            return {"runsOrError": {"__typename": "Runs", "results": self.runs}}
        if "launchPipelineExecution" in asked["query"]:
            return {"launchPipelineExecution": self.launched}
        nodes = [{**NODE, "pipelines": [{"name": name} for name in self.jobs]}]
        return {"repositoriesOrError": {"__typename": "RepositoryConnection", "nodes": nodes}}


class Endpoint(BaseHTTPRequestHandler):
    server: Dagster

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps({"data": self.server.answer(asked)}).encode()
        if self.server.status != 200:
            text = b"<h1>Something else lives here</h1>"
        self.send_response(self.server.status if self.path == "/graphql" else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def dagster() -> Iterator[Dagster]:
    with Dagster() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_runs_address_comes_at_once(claimsim: Claimsim, dagster: Dagster) -> None:
    code, out, _ = claimsim("inject", "--minutes", "5", "--url", f"{dagster.address}/")
    assert code == 0
    assert out == f"Claims arrive for 5 minutes: {dagster.address}/runs/r-1\n"


def test_the_run_is_asked_for_with_its_duration(claimsim: Claimsim, dagster: Dagster) -> None:
    claimsim("inject", "--minutes", "2.5", "--url", dagster.address)
    (submitted,) = dagster.submitted
    asked = submitted["executionParams"]
    assert asked["selector"]["pipelineName"] == "inject_claims"
    assert asked["selector"]["repositoryLocationName"] == "claimsim_pipeline"
    assert asked["runConfigData"] == run_config(2.5)
    assert run_config(2.5) == {"ops": {"inject": {"config": {"duration_seconds": 150.0}}}}


@pytest.mark.parametrize("status", ["QUEUED", "STARTING", "STARTED", "CANCELING"])
def test_a_second_press_says_so_and_queues_nothing(
    claimsim: Claimsim, dagster: Dagster, status: str
) -> None:
    dagster.runs = [{"runId": "r-0", "status": status}]
    code, out, err = claimsim("inject", "--url", dagster.address)
    assert (code, out) == (1, "")
    assert f"{dagster.address}/runs/r-0 is {status}" in err
    assert dagster.submitted == []


def test_only_runs_of_this_job_that_are_not_over_are_asked_for(dagster: Dagster) -> None:
    inject_claims(dagster.address, 1)
    first = dagster.asked[0]
    assert first["variables"] == {"job": "inject_claims"}
    for over in ("SUCCESS", "FAILURE", "CANCELED"):
        assert over not in first["query"].replace("CANCELING", "")


def test_a_server_that_is_not_there_is_a_clear_error(claimsim: Claimsim) -> None:
    with Dagster() as gone:
        address = gone.address
    code, _, err = claimsim("inject", "--url", address)
    assert code == 1
    assert f"No Dagster answers at {address}" in err
    assert "make dev" in err


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_that_is_no_dagster_is_a_clear_error(
    claimsim: Claimsim, dagster: Dagster, status: int
) -> None:
    dagster.status = status
    code, _, err = claimsim("inject", "--url", dagster.address)
    assert code == 1
    assert "No Dagster answers" in err


def test_a_dagster_without_the_job_is_a_clear_error(claimsim: Claimsim, dagster: Dagster) -> None:
    dagster.jobs = ["another"]
    code, _, err = claimsim("inject", "--url", dagster.address)
    assert code == 1
    assert "inject_claims" in err
    assert "claimsim_pipeline.definitions" in err


def test_a_refused_config_is_a_clear_error(claimsim: Claimsim, dagster: Dagster) -> None:
    dagster.launched = {
        "__typename": "RunConfigValidationInvalid",
        "errors": [{"message": "not a field", "path": [], "reason": "FIELD_NOT_DEFINED"}],
    }
    code, _, err = claimsim("inject", "--url", dagster.address)
    assert code == 1
    assert "not a field" in err


@pytest.mark.parametrize(
    "arguments", [["--minutes", "0"], ["--minutes", "-1"], ["--url", "127.0.0.1:3000"]]
)
def test_nonsense_is_a_usage_error(claimsim: Claimsim, arguments: list[str]) -> None:
    assert claimsim("inject", *arguments)[0] == 2


def test_help_holds_the_request_for_backends(claimsim: Claimsim) -> None:
    code, out, _ = claimsim("inject", "--help")
    assert code == 0
    assert "launchRun(executionParams: $run)" in out
    assert '{"ops": {"inject": {"config": {"duration_seconds": 300}}}}' in out


def test_dagster_takes_the_requests_that_the_help_tells(claimsim: Claimsim) -> None:
    parts = re.split(r"\n\n", claimsim("inject", "--help")[1])
    queries = [part for part in parts if re.match(r"\s*(query|mutation) ", part)]
    variables = [json.loads(part) for part in parts if part.lstrip().startswith('{"run')]
    assert len(queries) == len(variables) == 2
    for query, told in zip(queries, variables, strict=True):
        assert complaints(query, told) == []


def test_a_single_minute_is_one(claimsim: Claimsim, dagster: Dagster) -> None:
    _, out, _ = claimsim("inject", "--minutes", "1", "--url", dagster.address)
    assert "for 1 minute:" in out
