"""The anomaly scores of every claim in the feed, simulated or real."""

from datetime import timedelta
from typing import Any

import dagster as dg

from claimsim_pipeline.composition import refresh_scores
from claimsim_pipeline.orchestration.checks import cache_checked, cache_checks
from claimsim_pipeline.orchestration.event_log import latest_stream_event
from claimsim_pipeline.orchestration.names import (
    CLAIMS_LIVE_STREAM,
    CLAIMS_ML_SCORES,
    CLAIMS_NORMALIZED,
    GROUP,
    OWNERS,
    TAGS,
    Measure,
)
from claimsim_pipeline.orchestration.resources import AnalyticsDatabase
from claimsim_pipeline.orchestration.run import SimulationRun
from claimsim_pipeline.settings import Settings

_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("claim_id", "VARCHAR", description="Key of the claim"),
        dg.TableColumn("ml_score", "DOUBLE", description="Isolation forest: above 0 is anomalous"),
        dg.TableColumn(
            "ml_score_normalized", "DOUBLE", description="The same on 0..1, the line at 0.7"
        ),
        dg.TableColumn("model_version", "VARCHAR", description="Of the model that scored it"),
    ]
)


def claims_ml_scores(settings: Settings) -> dg.AssetsDefinition:
    """The asset; it has no partitions, a refresh scores the whole feed."""

    @dg.asset(
        name=CLAIMS_ML_SCORES,
        description=(
            "**An anomaly score for every claim of `claims_feed`**, in the table "
            "`claims_ml_scores` and in a Parquet cache; both are replaced whole. "
            "`ml_scores_refresh_sensor` starts it when enough new claims have come."
        ),
        deps=[CLAIMS_LIVE_STREAM, CLAIMS_NORMALIZED],
        check_specs=cache_checks(),
        group_name=GROUP,
        kinds={"python", "scikitlearn", "duckdb", "parquet"},
        owners=OWNERS,
        tags=TAGS,
        metadata={
            "dagster/column_schema": _SCHEMA,
            "dagster/table_name": CLAIMS_ML_SCORES,
            "path": dg.MetadataValue.path(str(settings.scores_path)),
        },
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=7), warn_window=timedelta(days=2)
        ),
    )
    def asset(
        context: dg.AssetExecutionContext,
        simulation: dg.ResourceParam[SimulationRun],
        duckdb: AnalyticsDatabase,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster takes it bare
        with simulation.telling():
            seen = latest_stream_event(context.instance)
            refreshed = refresh_scores(settings, simulation.clock.now())
            told: dict[str, Any] = refreshed.metadata()
            rows = told.pop("rows")
            checks = [cache_checked(duckdb, rows)]
        return dg.MaterializeResult(
            metadata={Measure.ROWS: rows, Measure.SEEN_THROUGH: seen, **told},
            check_results=checks,
        )

    return asset
