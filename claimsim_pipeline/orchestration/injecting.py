"""The op of ``inject_claims``: the command line's simulation, started by Dagster."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg

from claimsim_pipeline.orchestration.choices import Choices, RunConfig
from claimsim_pipeline.orchestration.events import publication
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
    )
    def op(
        context: dg.OpExecutionContext,
        config: RunConfig,
        simulation: dg.ResourceParam[SimulationRun],
        workshop: dg.ResourceParam[Workshop],
    ) -> None:
        with simulation.telling():
            run = _planned(config.choices(settings), simulation)
            workshop.store().base()
            record = simulation.begin(run.spec, None, run_id=run.run_id)
            try:
                _stream(run, record, simulation, workshop, regenerate=config.regenerate)
            finally:
                if record.inserted:
                    context.instance.report_runless_asset_event(publication(record))
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
    from claimsim_pipeline.simulation.ad_hoc import Makers, scored_claims
    from claimsim_pipeline.simulation.publication import publish_run, publisher
    from claimsim_pipeline.storage.manifests import save_manifest

    store, clock, settings = workshop.store(), simulation.clock, simulation.settings
    generator = workshop.generator(run.run_id, regenerate=regenerate)
    simulation.watch(generator)
    store.prepare()
    manifest = {"start": run.start.isoformat(), "spec": asdict(run.spec), "live": run.live}
    save_manifest(settings.home, run.run_id, manifest)
    frames = scored_claims(
        run, store, Makers(generator, workshop.model(store)), clock, settings.timezone
    )
    publish = publisher(store, record, clock)
    with stop_on_signals() as stop:
        publish_run(frames, publish, live=run.live, clock=clock, stop=stop)
