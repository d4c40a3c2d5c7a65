"""The op of ``prune_old_claims``: old simulated claims, files and runs go."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from claimsim_pipeline import composition
from claimsim_pipeline.orchestration.events import pruning
from claimsim_pipeline.orchestration.names import POOL
from claimsim_pipeline.orchestration.old_runs import forget
from claimsim_pipeline.orchestration.resources import Workshop
from claimsim_pipeline.orchestration.run import as_failure
from claimsim_pipeline.settings import Settings
from claimsim_pipeline.simulation.clock import SystemClock
from claimsim_pipeline.simulation.windows import Window

_WINDOWS_TOLD = 400  # a week has 336


class PruneConfig(dg.Config):
    """What may be chosen for one pruning."""

    older_than_days: float | None = None
    dry_run: bool = False


def prune(settings: Settings) -> dg.OpDefinition:
    """The op."""

    @dg.op(
        name="prune",
        description="Deletes simulated claims older than the retention, and what belongs to them.",
        out=dg.Out(dg.Nothing),
        pool=POOL,
    )
    def op(
        context: dg.OpExecutionContext, config: PruneConfig, workshop: dg.ResourceParam[Workshop]
    ) -> None:
        with as_failure():
            days = composition.retention(settings, config.older_than_days)
            cutoff = SystemClock().now() - timedelta(days=days)
            store = workshop.store()
            with _alone(settings, context.run_id, config):
                # Files first: a full disk has room then.
                files = 0 if config.dry_run else composition.sweep(settings, cutoff)
                pruned = store.prune(cutoff, dry_run=config.dry_run)
            runs = 0 if config.dry_run else forget(context.instance, cutoff)
        told: dict[str, Any] = {
            "claims": pruned.claims,
            "rows without a claim": pruned.orphans,
            "claims without truth": pruned.without_truth,
            "bytes freed": pruned.bytes_freed,
            "windows": [str(start) for start in pruned.windows[:_WINDOWS_TOLD]],
            "number of windows": len(pruned.windows),
            "files": files,
            "Dagster runs": runs,
            "dry run": config.dry_run,
        }
        context.add_output_metadata(told)
        if pruned.claims and not config.dry_run:
            context.instance.report_runless_asset_event(pruning(pruned.claims, days))
        context.log.info(", ".join(f"{name}: {value}" for name, value in told.items()))

    return op


def warn_of_pruning(
    log: dg.DagsterLogManager, windows: Sequence[Window], settings: Settings, now: datetime
) -> None:
    """Say it if the next pruning takes claims that are about to be made."""
    cutoff = now - timedelta(days=settings.retention_days)
    doomed = sum(window.start < cutoff for window in windows)
    if doomed:
        log.warning(
            f"{doomed} of {len(windows)} windows are older than SIM_RETENTION_DAYS="
            f"{settings.retention_days:g}: the next pruning takes their claims away. Raise "
            "SIM_RETENTION_DAYS to keep them."
        )


def _alone(settings: Settings, run_id: str, config: PruneConfig) -> AbstractContextManager[object]:
    """The lease: files of a living run are never swept, however short the retention."""
    if config.dry_run:
        return nullcontext()
    from claimsim_pipeline.storage.lease import Lease

    wait = settings.lease_wait_seconds
    return Lease(settings.duckdb_path, run_id=f"prune {run_id}", wait_seconds=wait, named=False)
