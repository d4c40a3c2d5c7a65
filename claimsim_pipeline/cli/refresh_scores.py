"""``claimsim refresh-scores``: every claim's ML score anew, in table and cache."""

from __future__ import annotations

import click

from claimsim_pipeline.cli.context import Door


@click.command("refresh-scores")
@click.option("--top-k", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--retrain", is_flag=True, help="Train the anomaly model anew first.")
@click.pass_obj
def command(door: Door, /, top_k: int, retrain: bool) -> None:
    """Score every claim and rebuild the cache of ML scores.

    Writes the table claims_ml_scores, the Parquet file SIM_SCORES_PATH (the
    previous one is kept beside it) and a quality snapshot of the top K.
    """
    from claimsim_pipeline.cli.announce import told_to_dagster
    from claimsim_pipeline.composition import refresh_scores
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.simulation.clock import SystemClock

    settings = door.settings()
    with told_to_dagster(door) as told:
        with progress(None, "Scoring every claim", None):
            refreshed = refresh_scores(settings, SystemClock().now(), top_k=top_k, retrain=retrain)
        told |= refreshed.metadata()
    for note in refreshed.result.notes:
        click.echo(note, err=True)
    click.echo(refreshed.result.line())
