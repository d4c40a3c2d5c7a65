"""``claimsim prune``: old simulated claims go, and nothing else."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.cli.options import wait_option

if TYPE_CHECKING:
    from claimsim_pipeline.settings import Settings
    from claimsim_pipeline.storage.pruning import Pruned


@click.command("prune")
@click.option("--older-than-days", type=float, help="Instead of SIM_RETENTION_DAYS.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--compact", is_flag=True, help="Then rewrite the file into a smaller one.")
@wait_option("For a running simulation.")
@click.pass_obj
def command(
    door: Door, /, older_than_days: float | None, dry_run: bool, compact: bool, wait: float
) -> None:
    """Delete simulated claims older than the retention.

    Stream, scores and answer sheet lose them in one transaction; staged files,
    journals and logs of that age go too. claims_normalized is never touched.
    """
    from claimsim_pipeline.composition import retention
    from claimsim_pipeline.simulation.clock import SystemClock

    settings = door.settings()
    days = retention(settings, older_than_days)
    cutoff = SystemClock().now() - timedelta(days=days)
    _prune(settings, cutoff, days, dry_run=dry_run, wait=wait)
    if compact and not dry_run:
        _compact(settings, wait)


def _prune(
    settings: Settings, cutoff: datetime, days: float, *, dry_run: bool, wait: float
) -> None:
    from claimsim_pipeline.composition import open_store, sweep
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.storage.lease import Lease

    store = open_store(settings)
    store.base()
    lease = Lease(store.path, run_id="prune", wait_seconds=wait, named=False)
    with progress(None, "Pruning", None), nullcontext() if dry_run else lease:
        files = 0 if dry_run else sweep(settings, cutoff)  # first: a full disk has room then
        pruned = store.prune(cutoff, dry_run=dry_run)
    click.echo(_said(pruned, days, files))
    if not dry_run:
        _tell_dagster(pruned, days, cutoff)


def _said(pruned: Pruned, days: float, files: int) -> str:
    verb = "Would delete" if pruned.dry_run else "Deleted"
    lines = [
        f"{verb} {pruned.claims:,} claims older than {days:g} days, in {len(pruned.windows):,} "
        f"windows, and {pruned.orphans:,} rows without a claim."
    ]
    if not pruned.dry_run:
        freed = pruned.bytes_freed / 1e6
        lines.append(f"Freed {freed:,.1f} MB inside the database and {files:,} files.")
    if pruned.without_truth:
        lines.append(
            f"{pruned.without_truth:,} claims of the stream are not on the answer sheet; they "
            "are kept until they are that old."
        )
    return "\n".join(lines)


def _compact(settings: Settings, wait: float) -> None:
    from claimsim_pipeline.composition import open_store
    from claimsim_pipeline.insight.progress import progress
    from claimsim_pipeline.storage.lease import Lease

    store = open_store(settings)
    with progress(None, "Compacting", None), Lease(store.path, run_id="compact", wait_seconds=wait):
        saved = store.compact()
    click.echo(f"The database file is {saved / 1e6:,.1f} MB smaller.")


def _tell_dagster(pruned: Pruned, days: float, cutoff: datetime) -> None:
    import os

    if not os.environ.get("DAGSTER_HOME"):
        return
    from claimsim_pipeline.orchestration.events import report_runless_prune
    from claimsim_pipeline.orchestration.old_runs import forget_at_home

    report_runless_prune(pruned.claims, days)
    if runs := forget_at_home(cutoff):
        click.echo(f"Deleted {runs:,} runs of Dagster.")
