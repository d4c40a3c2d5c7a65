"""How suspicious the claims look, computed from the claims alone."""

import dagster as dg

from claimsim_pipeline.orchestration import turns
from claimsim_pipeline.orchestration.metadata import contract_schema, describe_windows
from claimsim_pipeline.orchestration.names import (
    GENERATED_CLAIMS,
    GROUP,
    OWNERS,
    POOL,
    SCORED_CLAIMS,
    TAGS,
)
from claimsim_pipeline.orchestration.partitions import requested_windows, span
from claimsim_pipeline.orchestration.resources import Workshop
from claimsim_pipeline.orchestration.run import SimulationRun
from claimsim_pipeline.orchestration.staging import Staged
from claimsim_pipeline.settings import Settings


def scored_claims(
    settings: Settings, windows: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset, partitioned by window."""

    @dg.asset(
        name=SCORED_CLAIMS,
        description=(
            "**The claims with flags and scores**: the rules of RULESET_v1 and the anomaly model. "
            "The scorer is blind: it sees contract columns only, never the label."
        ),
        ins={GENERATED_CLAIMS: dg.AssetIn(GENERATED_CLAIMS)},
        partitions_def=windows,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="staged_windows",
        pool=POOL,
        group_name=GROUP,
        kinds={"python", "scikitlearn", "parquet"},
        owners=OWNERS,
        tags=TAGS,
        metadata=contract_schema(),
    )
    def asset(
        context: dg.AssetExecutionContext,
        simulation: dg.ResourceParam[SimulationRun],
        workshop: dg.ResourceParam[Workshop],
        generated_claims: Staged,
    ) -> Staged:
        with simulation.telling():
            wanted = requested_windows(context.run.tags, settings, simulation.clock.now())
            simulation.begin(generated_claims.batches[0].choices.spec, span(wanted))
            model = workshop.model(workshop.store())
            clock = simulation.clock
            staged = Staged([turns.scored(b, model, clock) for b in generated_claims.batches])
            describe_windows(context, staged)
            return staged

    return asset
