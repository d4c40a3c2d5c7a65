"""The invented claims, with all their consequences."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import dagster as dg

from claimsim_pipeline import composition
from claimsim_pipeline.errors import BatchPending
from claimsim_pipeline.orchestration import turns
from claimsim_pipeline.orchestration.metadata import (
    contract_schema,
    describe_spending,
    describe_windows,
)
from claimsim_pipeline.orchestration.names import (
    GENERATED_CLAIMS,
    GROUP,
    OWNERS,
    POOL,
    SAMPLED_CONTEXT,
    TAGS,
)
from claimsim_pipeline.orchestration.partitions import requested_windows, span, windows_of
from claimsim_pipeline.orchestration.resources import Workshop
from claimsim_pipeline.orchestration.run import SimulationRun
from claimsim_pipeline.orchestration.staging import Batch, Staged
from claimsim_pipeline.settings import Settings

if TYPE_CHECKING:
    from claimsim_pipeline.generation.door import ClaimGenerator


def generated_claims(
    settings: Settings, windows: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset, partitioned by window."""

    @dg.asset(
        name=GENERATED_CLAIMS,
        description=(
            "**The claims, as the model (or the offline mutator) invents them.** The generator "
            "proposes free fields; ids, dates, codes and statistics are computed. Which generator "
            "made a claim is on the claim."
        ),
        ins={SAMPLED_CONTEXT: dg.AssetIn(SAMPLED_CONTEXT)},
        partitions_def=windows,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="staged_windows",
        output_required=False,
        dagster_type=dg.Any,
        pool=POOL,
        group_name=GROUP,
        kinds={"python", "openai", "parquet"},
        owners=OWNERS,
        tags=TAGS,
        metadata=contract_schema(),
    )
    def asset(
        context: dg.AssetExecutionContext,
        simulation: dg.ResourceParam[SimulationRun],
        workshop: dg.ResourceParam[Workshop],
        sampled_context: Staged,
    ) -> Iterator[dg.Output[Staged]]:
        with simulation.telling():
            wanted = requested_windows(context.run.tags, settings, simulation.clock.now())
            simulation.begin(sampled_context.batches[0].choices.spec, span(wanted))
            try:
                staged = _generated(sampled_context, settings, simulation, workshop)
            except BatchPending as pending:
                spec = sampled_context.batches[0].choices.spec
                composition.keep_batch_plan(settings, simulation.run_id, spec)
                context.log.info(str(pending))
                return  # the later assets wait with it; llm_batch_sensor comes back
            describe_windows(context, staged)
            describe_spending(context, simulation, staged)
            simulation.tell_remarks(context.log)
        yield dg.Output(staged)

    return asset


def _generated(
    contexts: Staged, settings: Settings, simulation: SimulationRun, workshop: Workshop
) -> Staged:
    from claimsim_pipeline.simulation.stages import Setting

    store, now = workshop.store(), simulation.clock.now()

    @cache  # one for the run, whose budget and breaker it keeps
    def generator(regenerate: bool, batch: bool) -> "ClaimGenerator":
        made = workshop.generator(simulation.run_id, regenerate=regenerate, batch=batch)
        simulation.watch(made)
        return made

    def generated(batch: Batch) -> Batch:
        choices = batch.choices
        windows = windows_of(batch.keys, settings, now)
        asked = choices.llm_batch and windows[-1].end <= now
        setting = Setting(choices.spec, simulation.run_id, settings.timezone)
        maker = generator(choices.regenerate, asked)
        return turns.generated(batch, windows, setting, store, maker)

    return Staged(turns.all_or_pending(generated, contexts.batches))
