"""``claimsim report``: the page of high-risk claims."""

from __future__ import annotations

import click

from claimsim_pipeline.cli.context import Door


@click.command("report")
@click.option("--with-truth", is_flag=True, help="Show each claim's scenario (the answer sheet).")
@click.option("--scorecard", is_flag=True, help="Show planted, caught, false alarms.")
@click.option("--lang", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=5_000,
    show_default=True,
    help="Most claims on the page, riskiest first.",
)
@click.pass_obj
def command(door: Door, /, with_truth: bool, scorecard: bool, lang: str, limit: int) -> None:
    """Write the page of high-risk claims: one HTML file that needs no network.

    It lies in SIM_HOME/reports/high_risk.html and shows simulated claims only.
    """
    from claimsim_pipeline.composition import open_store
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.insight.report import Showing, write_report
    from claimsim_pipeline.simulation.clock import SystemClock

    settings = door.settings()
    with progress(None, "Writing the page", None):
        path = write_report(
            open_store(settings),
            settings.home,
            now=SystemClock().now(),
            timezone=settings.timezone,
            showing=Showing(limit, lang, with_truth, scorecard),
        )
    click.echo(f"Wrote {path} ({path.stat().st_size / 1e6:.1f} MB).")
