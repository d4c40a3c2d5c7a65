"""The op of ``inject_claims``: the command line's simulation, started by Dagster."""

from typing import TYPE_CHECKING

import dagster as dg

from claimsim_pipeline.orchestration.choices import Choices, RunConfig
from claimsim_pipeline.orchestration.dead_runs import AD_HOC
from claimsim_pipeline.orchestration.events import publication
from claimsim_pipeline.orchestration.names import POOL
from claimsim_pipeline.orchestration.page import page_metadata, renewed_page
from claimsim_pipeline.orchestration.resources import Workshop
from claimsim_pipeline.orchestration.run import SimulationRun, stop_on_signals
from claimsim_pipeline.settings import Settings

if TYPE_CHECKING:
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun
    from claimsim_pipeline.simulation.record import RunRecord


def inject(settings: Settings) -> dg.OpDefinition:
    """The op; its config is that of ``sampled_context``."""

    @dg.op(
        name="inject",
        description="Claims from now on, streaming into claims_live_stream.",
        out=dg.Out(dg.Nothing),
        pool=POOL,
    )
    def op(
        context: dg.OpExecutionContext,
        config: RunConfig,
        simulation: dg.ResourceParam[SimulationRun],
        workshop: dg.ResourceParam[Workshop],
    ) -> None:
        from claimsim_pipeline.insight.scorecard import RunningScorecard

        with simulation.telling():
            run = _planned(config.choices(settings), simulation)
            context.instance.add_run_tags(context.run_id, {AD_HOC: run.run_id})
            workshop.store().base()
            record = simulation.begin(run.spec, None, run_id=run.run_id)
            card = RunningScorecard.of(record.listeners)
            try:
                _stream(run, record, simulation, workshop, regenerate=config.regenerate)
            finally:
                if record.inserted:
                    context.instance.report_runless_asset_event(publication(record, card))
            page_metadata(renewed_page(settings, record, simulation.clock.now()), context.log)
            simulation.tell_remarks(context.log)
            context.log.info(f"Inserted {record.inserted} claims.")

    return op


def _planned(choices: Choices, run: SimulationRun) -> "AdHocRun":
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun

    live = choices.pace != "instant"
    return AdHocRun.beginning(run.clock.now(), choices.spec, live=live)


def _stream(
    run: "AdHocRun",
    record: "RunRecord",
    simulation: SimulationRun,
    workshop: Workshop,
    *,
    regenerate: bool,
) -> None:
    from claimsim_pipeline.simulation.ad_hoc import Makers
    from claimsim_pipeline.simulation.streaming import stream_run

    run = run.keep(simulation.settings.home)
    store = workshop.store()
    generator = workshop.generator(run.run_id, regenerate=regenerate)
    simulation.watch(generator)
    makers = Makers(generator, workshop.model(store))
    with stop_on_signals() as stop:
        stream_run(
            run,
            record,
            store=store,
            makers=makers,
            clock=simulation.clock,
            stop=stop,
        )
