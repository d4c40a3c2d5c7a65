"""What the UI shows of an asset and of a materialization.

A window's own event carries a handful of numbers, because a backfill writes
one event per window and asset; what describes the whole run (tables, counts by
scenario, plots) is on its newest window only.
"""

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.orchestration.names import CLAIMS_NORMALIZED, Measure
from claimsim_pipeline.orchestration.staging import Batch, Staged
from claimsim_pipeline.settings import Settings

if TYPE_CHECKING:
    from claimsim_pipeline.orchestration.run import SimulationRun
    from claimsim_pipeline.simulation.record import Spent
    from claimsim_pipeline.storage.base_table import BaseTable


def contract_schema() -> Mapping[str, Any]:
    """The contract's columns with their meanings and units, for a definition."""
    columns = [
        dg.TableColumn(
            column.name,
            column.type,
            description=_described(column.meaning, column.unit),
            constraints=dg.TableColumnConstraints(nullable=not column.required),
            tags={"block": column.block},
        )
        for column in COLUMNS.values()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def table_metadata(settings: Settings, table: str) -> Mapping[str, Any]:
    """Schema and place of a table with the contract's columns."""
    return {
        **contract_schema(),
        "dagster/table_name": table,
        "dagster/uri": f"duckdb://{settings.duckdb_path.absolute()}",
    }


def base_observation(base: "BaseTable") -> dg.AssetObservation:
    """What the base table is like at the moment."""
    return dg.AssetObservation(
        CLAIMS_NORMALIZED,
        metadata={
            Measure.ROWS: base.rows,
            "fingerprint": base.fingerprint,
            "columns": len(base.columns),
        },
        tags={"dagster/data_version": base.fingerprint},
    )


def describe_windows(context: dg.AssetExecutionContext, staged: Staged) -> None:
    """The rows of each window, on its own event."""
    for batch in staged.batches:
        for key, count in zip(batch.keys, batch.counts, strict=True):
            context.add_asset_metadata({Measure.PARTITION_ROWS: count}, partition_key=key)


def describe_run(
    context: dg.AssetExecutionContext, staged: Staged, told: Mapping[str, Any]
) -> None:
    """What concerns the whole run, on the event of its newest window."""
    newest = max(key for batch in staged.batches for key in batch.keys)
    context.add_asset_metadata(dict(told), partition_key=newest)


def describe_spending(
    context: dg.AssetExecutionContext, run: "SimulationRun", staged: Staged
) -> None:
    """Who made the claims, and what the model took for each window."""
    told: dict[str, Any] = {"claims by generator": counts_table(generators(staged), "generator")}
    if run.record is not None:
        for key in (key for batch in staged.batches for key in batch.keys):
            context.add_asset_metadata(spending(run.record.spent_in(key)), partition_key=key)
        if run.record.repairs:
            told["repairs of the model's replies"] = counts_table(run.record.repairs, "repair")
        if run.record.remarks():
            told["remarks"] = "\n".join(run.record.remarks())
    describe_run(context, staged, told)


def generators(staged: Staged) -> Mapping[str, int]:
    """Claims by generator."""
    return _tallied(staged, "generator")


def scenarios(staged: Staged) -> Mapping[str, int]:
    """Planted frauds by scenario."""
    return _tallied(staged, "fraud_scenario")


def spending(spent: "Spent | None") -> Mapping[str, Any]:
    """Tokens and money, under names that the UI plots over time."""
    if spent is None:
        return {Measure.COST: 0.0}
    return {
        Measure.INPUT_TOKENS: spent.input_tokens,
        Measure.CACHED_TOKENS: spent.cached_tokens,
        Measure.OUTPUT_TOKENS: spent.output_tokens,
        Measure.COST: dg.MetadataValue.float(spent.cost_usd)
        if spent.cost_usd is not None
        else dg.MetadataValue.text("unknown price"),
    }


def counts_table(counts: Mapping[str, int], name: str) -> dg.TableMetadataValue:
    """Counts as a small table, most first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dg.MetadataValue.table(
        [dg.TableRecord({name: key, "claims": count}) for key, count in ordered],
        schema=dg.TableSchema([dg.TableColumn(name), dg.TableColumn("claims", "int")]),
    )


def _tallied(staged: Staged, column: str) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for batch in staged.batches:
        for name, count in batch.frame[column].dropna().value_counts().items():
            counts[str(name)] = counts.get(str(name), 0) + int(count)
    return counts


def preview(batch: Batch, timezone: str, rows: int = 10) -> dg.TableMetadataValue:
    """The newest claims of a batch, as a dashboard may show them."""
    newest = batch.frame.iloc[-rows:][::-1]
    local = newest["generated_at"].dt.tz_convert(timezone).dt.strftime("%Y-%m-%d %H:%M:%S")
    newest = newest.assign(generated_at=local)
    texts = {name: newest[name].astype(str).tolist() for name in _PREVIEWED if name in newest}
    texts["flags"] = [", ".join(flags) for flags in newest["flags"]]
    numbers = {name: [_number(value) for value in newest[name]] for name in _NUMBERS}
    columns = {name: {**texts, **numbers}[name] for name in _PREVIEWED}
    return dg.MetadataValue.table(
        [
            dg.TableRecord(dict(zip(columns, values, strict=True)))
            for values in zip(*columns.values(), strict=True)
        ],
        schema=dg.TableSchema([_previewed(name) for name in columns]),
    )


_NUMBERS = ("risk_score", "amount_claimed", "amount_paid", "los")
_PREVIEWED = (
    "claim_id", "generated_at", *_NUMBERS, "flags", "service_type", "dx_primary_code",
    "facility_name",
)  # fmt: skip
"""What tells most comes first: the UI cuts a table off on the right."""


def _previewed(name: str) -> dg.TableColumn:
    column = COLUMNS.get(name)
    described = _described(column.meaning, column.unit) if column else None
    return dg.TableColumn(name, "float" if name in _NUMBERS else "string", description=described)


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _described(meaning: str, unit: str) -> str:
    text = f"{meaning} [{unit}]" if unit else meaning
    return html.escape(text, quote=False)  # the UI renders it as Markdown
