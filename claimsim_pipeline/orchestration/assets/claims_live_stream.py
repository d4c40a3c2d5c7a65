"""The claims in the user's database: at once for past windows, as they fall due for this one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import dagster as dg

from claimsim_pipeline.orchestration import publishing
from claimsim_pipeline.orchestration.checks import checked, stream_checks
from claimsim_pipeline.orchestration.metadata import describe_run, table_metadata
from claimsim_pipeline.orchestration.names import (
    CLAIMS_LIVE_STREAM,
    GROUP,
    OWNERS,
    POOL,
    SCORED_CLAIMS,
    TAGS,
    Measure,
)
from claimsim_pipeline.orchestration.page import page_metadata, renewed_page
from claimsim_pipeline.orchestration.partitions import requested_windows, span
from claimsim_pipeline.orchestration.published import describe_published, plots, run_metadata
from claimsim_pipeline.orchestration.resources import AnalyticsDatabase, Workshop
from claimsim_pipeline.orchestration.run import SimulationRun
from claimsim_pipeline.orchestration.staging import Staged
from claimsim_pipeline.settings import Settings


def claims_live_stream(
    settings: Settings, windows: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset, partitioned by window."""

    @dg.asset(
        name=CLAIMS_LIVE_STREAM,
        description=(
            "**The simulated claims, where a dashboard reads them**, with their scores in "
            "`claims_live_scores` and the answer sheet in `claims_live_truth`. Every row is "
            "fictional. A window that is materialized again holds its new claims only."
        ),
        ins={SCORED_CLAIMS: dg.AssetIn(SCORED_CLAIMS)},
        partitions_def=windows,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=stream_checks(),
        pool=POOL,
        group_name=GROUP,
        kinds={"duckdb", "table"},
        owners=OWNERS,
        tags=TAGS,
        metadata=table_metadata(settings, CLAIMS_LIVE_STREAM),
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=24), warn_window=timedelta(hours=2)
        ),
    )
    def asset(
        context: dg.AssetExecutionContext,
        simulation: dg.ResourceParam[SimulationRun],
        workshop: dg.ResourceParam[Workshop],
        duckdb: AnalyticsDatabase,
        scored_claims: Staged,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster takes it bare
        with simulation.telling():
            wanted = requested_windows(context.run.tags, settings, simulation.clock.now())
            record = simulation.begin(scored_claims.batches[0].choices.spec, span(wanted))
            store, now = workshop.store(), simulation.clock.now
            with ThreadPoolExecutor(max_workers=2) as aside:
                drawn = aside.submit(plots, scored_claims, record.timezone)
                ledger = publishing.publish(context, scored_claims, simulation, store)
                page = aside.submit(renewed_page, settings, record, now())
                describe_published(context, scored_claims, ledger)
                results = checked(scored_claims, duckdb, now())
                rows = store.counts()[CLAIMS_LIVE_STREAM]
            told = {
                Measure.ROWS: rows,
                **run_metadata(scored_claims, record, ledger),
                **drawn.result(),
                **page_metadata(page.result(), context.log),
            }
            describe_run(context, scored_claims, told)
        return dg.MaterializeResult(check_results=results)

    return asset
