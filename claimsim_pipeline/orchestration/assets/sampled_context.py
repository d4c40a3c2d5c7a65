"""Which rows of the base the simulated claims start from."""

import dagster as dg

from claimsim_pipeline.orchestration import turns
from claimsim_pipeline.orchestration.choices import RunConfig
from claimsim_pipeline.orchestration.metadata import base_observation, describe_windows
from claimsim_pipeline.orchestration.names import (
    CLAIMS_NORMALIZED,
    GROUP,
    OWNERS,
    POOL,
    SAMPLED_CONTEXT,
    TAGS,
)
from claimsim_pipeline.orchestration.partitions import requested_windows, span
from claimsim_pipeline.orchestration.pruning import warn_of_pruning
from claimsim_pipeline.orchestration.resources import Workshop
from claimsim_pipeline.orchestration.run import SimulationRun
from claimsim_pipeline.orchestration.staging import Staged
from claimsim_pipeline.settings import Settings


def sampled_context(
    settings: Settings, windows: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset, partitioned by window."""

    @dg.asset(
        name=SAMPLED_CONTEXT,
        description=(
            "**One context row of `claims_normalized` for each claim to come**, drawn without "
            "bias by a seeded generator: where, what, and how much such a claim usually is. "
            "No identifiers, no dates. The run config sits here; the later assets see it, too."
        ),
        deps=[CLAIMS_NORMALIZED],
        partitions_def=windows,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="staged_windows",
        pool=POOL,
        group_name=GROUP,
        kinds={"python", "duckdb", "parquet"},
        owners=OWNERS,
        tags=TAGS,
    )
    def asset(
        context: dg.AssetExecutionContext,
        config: RunConfig,
        simulation: dg.ResourceParam[SimulationRun],
        workshop: dg.ResourceParam[Workshop],
    ) -> Staged:
        with simulation.telling():
            now = simulation.clock.now()
            wanted = requested_windows(context.run.tags, settings, now)
            warn_of_pruning(context.log, wanted, settings, now)
            choices = config.choices(settings)
            store = workshop.store()
            base = store.base()
            simulation.begin(choices.spec, span(wanted))
            context.log_event(base_observation(base))
            staged = turns.sampled(wanted, choices, store)
            describe_windows(context, staged)
            return staged

    return asset
