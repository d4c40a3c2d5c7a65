"""Four partitioned assets that do nothing: what Dagster itself takes for such a run."""

import warnings

import dagster as dg

warnings.simplefilter("ignore", dg.BetaWarning)

_WINDOWS = dg.TimeWindowPartitionsDefinition(
    start="2026-01-01-00:00",
    fmt="%Y-%m-%d-%H:%M",
    cron_schedule="*/30 * * * *",
    timezone="UTC",
    end_offset=1,
)


def _empty(name: str, after: list[str]) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        deps=after,
        partitions_def=_WINDOWS,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def asset() -> None: ...

    return asset


_ASSETS = [_empty(f"empty_{n}", [f"empty_{n - 1}"] if n else []) for n in range(4)]

defs = dg.Definitions(
    assets=_ASSETS,
    jobs=[dg.define_asset_job("empty_simulation", selection=_ASSETS)],
    executor=dg.in_process_executor,
)
