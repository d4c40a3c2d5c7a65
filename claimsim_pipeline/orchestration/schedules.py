"""When the jobs start by themselves; off until somebody switches them on."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from claimsim_pipeline.composition import zone
from claimsim_pipeline.orchestration.dead_runs import end_dead_runs
from claimsim_pipeline.settings import Settings
from claimsim_pipeline.simulation.windows import current_window


def simulate_claims_schedule(
    settings: Settings, job: UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition:
    """The window that has just begun, every half hour."""

    @dg.schedule(
        name="simulate_claims_schedule",
        job=job,
        cron_schedule="*/30 * * * *",
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Simulates the current half hour, live. Off by default: a run may cost money.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        end_dead_runs(context.instance, settings)  # the queue would wait for them
        key = current_window(context.scheduled_execution_time, zone(settings)).key
        return dg.RunRequest(run_key=key, partition_key=key)

    return schedule


def prune_old_claims_schedule(settings: Settings, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Once a night."""
    return dg.ScheduleDefinition(
        name="prune_old_claims_schedule",
        job=job,
        cron_schedule="15 3 * * *",
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Prunes simulated claims older than {settings.retention_days} days, at 03:15.",
    )
