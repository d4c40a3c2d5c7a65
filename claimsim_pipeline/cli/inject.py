"""``claimsim inject``: some minutes of claims, made by a running Dagster."""

from __future__ import annotations

import click

from claimsim_pipeline.cli.context import Door

_FOR_BACKENDS = """\b
A backend does the same with two requests, POST to ADDRESS/graphql of JSON:
{"query": …, "variables": …}. The first asks whether such a run is queued or
started already; if one is, the button says so and sends nothing more:

\b
query ($runs: RunsFilter!) {
  runsOrError(filter: $runs, limit: 1) {
    ... on Runs { results { runId status } } } }

\b
{"runs": {"pipelineName": "inject_claims",
  "statuses": ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]}}

The second starts one and answers at once:

\b
mutation ($run: ExecutionParams!) {
  launchRun(executionParams: $run) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message } } }

\b
{"run": {
  "selector": {
    "repositoryLocationName": "claimsim_pipeline",
    "repositoryName": "__repository__",
    "jobName": "inject_claims"},
  "runConfigData":
    {"ops": {"inject": {"config": {"duration_seconds": 300}}}}}}
"""


@click.command("inject", epilog=_FOR_BACKENDS)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True, max=1440),
    default=5.0,
    show_default=True,
    help="How long claims arrive; SIM_MAX_CLAIMS still holds.",
)
@click.option(
    "--url",
    default="http://127.0.0.1:3000",
    show_default=True,
    metavar="ADDRESS",
    help="Of the Dagster web server.",
)
@click.pass_obj
def command(door: Door, /, minutes: float, url: str) -> None:
    """Ask a running Dagster for some minutes of claims.

    Returns at once with the run's address; the claims arrive while it runs. If
    such a run is queued or started already, it says so, and queues nothing
    (exit code 1).
    """
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.orchestration.submitting import inject_claims

    del door
    with progress(None, f"Asking {url}", None):
        address = inject_claims(url, minutes)
    span = "1 minute" if minutes == 1 else f"{minutes:g} minutes"
    click.echo(f"Claims arrive for {span}: {address}")
