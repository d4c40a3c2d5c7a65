"""Asking a running Dagster for claims: what ``claimsim inject`` and a backend do.

A backend needs no Python for it. It posts two GraphQL requests to
``<address>/graphql`` and both answer at once, while the run goes on: UNFINISHED
first, so that a second press of a button queues nothing; then::

    mutation ($run: ExecutionParams!) {
      launchRun(executionParams: $run) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on Error { message }
      }
    }

with these variables::

    {"run": {
      "selector": {
        "repositoryLocationName": "claimsim_pipeline",
        "repositoryName": "__repository__",
        "jobName": "inject_claims"
      },
      "runConfigData": {"ops": {"inject": {"config": {"duration_seconds": 300}}}}
    }}

The run is at ``<address>/runs/<runId>``.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from claimsim_pipeline.errors import (
    DagsterUnreachable,
    RunRefused,
    RunUnderWay,
    UsageError,
)
from claimsim_pipeline.orchestration.names import INJECT_CLAIMS, MODULE

if TYPE_CHECKING:
    from gql.transport.requests import RequestsHTTPTransport

UNFINISHED = """
query Unfinished($job: String!) {
  runsOrError(
    filter: {
      pipelineName: $job,
      statuses: [QUEUED, NOT_STARTED, MANAGED, STARTING, STARTED, CANCELING]
    }
    limit: 1
  ) {
    __typename
    ... on Runs { results { runId status } }
    ... on InvalidPipelineRunsFilterError { message }
    ... on PythonError { message }
  }
}
"""
_SECONDS = 20


def run_config(minutes: float) -> Mapping[str, Any]:
    """The run config for so many minutes of claims."""
    return {"ops": {"inject": {"config": {"duration_seconds": minutes * 60}}}}


def inject_claims(address: str, minutes: float) -> str:
    """Start a run of inject_claims in a running Dagster; it goes on by itself.

    Args:
        address: Of the web server, such as ``http://127.0.0.1:3000``.
        minutes: How long claims are to arrive.

    Returns:
        The run's address.

    Raises:
        UsageError: The address is none.
        DagsterUnreachable: No Dagster answers there.
        RunUnderWay: A run of this job is queued or started already.
        RunRefused: That Dagster does not know the job, or refused the run.
    """
    address = _checked(address)
    with _explained(address):
        transport = _transport(address)
        _refuse_second(transport, address)
        return f"{address}/runs/{_submit(transport, address, minutes)}"


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"{address!r} is no address of a Dagster; one looks like http://127.0.0.1:3000."
        )
    return address.rstrip("/")


def _transport(address: str) -> "RequestsHTTPTransport":
    from gql.transport.requests import RequestsHTTPTransport

    return RequestsHTTPTransport(url=f"{address}/graphql", use_json=True, timeout=_SECONDS)


def _refuse_second(transport: "RequestsHTTPTransport", address: str) -> None:
    from gql import Client, GraphQLRequest

    request = GraphQLRequest(UNFINISHED, variable_values={"job": INJECT_CLAIMS})
    answer = Client(transport=transport).execute(request)["runsOrError"]
    if "results" not in answer:
        raise RunRefused(f"Dagster at {address} does not list its runs: {answer.get('message')}.")
    for run in answer["results"]:
        raise RunUnderWay(
            f"Claims are being injected already: {address}/runs/{run['runId']} is "
            f"{run['status']}. Wait for it to end, or terminate it there."
        )


def _submit(transport: "RequestsHTTPTransport", address: str, minutes: float) -> str:
    from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

    client = DagsterGraphQLClient(str(urlsplit(address).hostname), transport=transport)
    try:
        with warnings.catch_warnings():
            # Dagster's client calls gql in a way that gql has come to dislike.
            warnings.simplefilter("ignore", DeprecationWarning)
            return client.submit_job_execution(INJECT_CLAIMS, run_config=run_config(minutes))
    except DagsterGraphQLClientError as error:
        if error.__cause__ is not None:  # not Dagster's answer, but the way there
            raise error.__cause__ from None
        raise RunRefused(
            f"Dagster at {address} refused the run: {_said(error)}. It has to load {MODULE}, "
            "this version of it."
        ) from error


def _said(error: Exception) -> str:
    return ", ".join(str(part).strip() for part in error.args if part) or type(error).__name__


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Whatever goes wrong on the way, as one sentence."""
    from gql.transport.exceptions import TransportError
    from requests.exceptions import RequestException

    try:
        yield
    except (TransportError, RequestException) as error:
        raise DagsterUnreachable(
            f"No Dagster answers at {address} ({type(error).__name__}). Start one with "
            "`make dev`, or give its address with --url."
        ) from error
