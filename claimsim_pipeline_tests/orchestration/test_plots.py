"""A run's plots are on the event of its newest window, and nowhere else."""

import dagster as dg

from claimsim_pipeline_tests.orchestration.conftest import WINDOWS, Finished


def test_the_newest_window_carries_the_plots_of_the_run(two_windows: Finished) -> None:
    records = two_windows.location.instance.fetch_materializations(
        dg.AssetKey("claims_live_stream"), limit=10
    ).records
    plotted = {}
    for record in records:
        assert record.asset_materialization is not None
        told = record.asset_materialization.metadata
        plotted[record.partition_key] = {
            name
            for name, value in told.items()
            if isinstance(value, dg.MarkdownMetadataValue)
            and "data:image/svg+xml" in str(value.md_str)
        }
    assert plotted == {
        WINDOWS[0]: set(),
        WINDOWS[1]: {"risk by truth", "claims per minute", "amounts against peers"},
    }
