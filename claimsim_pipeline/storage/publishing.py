"""Writing claims: stream, scores and truth in one transaction, all three or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.reference import BaseColumn
from claimsim_pipeline.storage import stream_table
from claimsim_pipeline.storage.lookup import already_there, near_in_time
from claimsim_pipeline.storage.quoting import identifier, identifiers, literal, sql

SCORES = (
    "flags",
    "rule_score",
    "ml_score",
    "ml_score_normalized",
    "risk_score",
    "narrative",
    "ruleset_version",
    "model_version",
)
TRUTH = (
    "window_start",
    "run_id",
    "is_fraud",
    "fraud_scenario",
    "generator",
    "llm_model",
    "prompt_version",
    "generator_flags",
    "due_at",
)
SLICE = 122_880  # a row group: written to the file at once, not through the log
"""Rows of one transaction at most, so that memory and the time of the lock stay bounded."""

_SCORES_TABLE = "claims_live_scores"


def slices(batch: pd.DataFrame, size: int = SLICE) -> Iterator[pd.DataFrame]:
    """The batch in parts; claims due at the same moment (a fraud group) stay together."""
    due = batch["due_at"].dt.tz_localize(None).to_numpy()
    start = 0
    while start < len(batch):
        end = min(start + size, len(batch))
        while end < len(batch) and due[end] == due[end - 1]:
            end += 1
        yield batch.iloc[start:end]
        start = end


def publish_slice(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, published_at: datetime
) -> pa.ChunkedArray:
    """Insert the claims that are not there yet, within the caller's transaction.

    Returns:
        The ids that were inserted.

    Raises:
        ClaimIdTaken: An id is that of another window's or run's claim.
    """
    if not len(table):
        return table["claim_id"]
    fresh = _without(table, already_there(connection, table))
    if not len(fresh):
        return fresh["claim_id"]
    connection.register("__batch", fresh)
    stream = stream_table.columns_of(connection, stream_table.NAME)
    connection.execute(
        f"INSERT INTO {stream_table.NAME} SELECT {stream_values(stream, table)} FROM __batch"
    )
    connection.execute(
        f"INSERT INTO claims_live_scores (claim_id, {identifiers((*SCORES, 'scored_at'))}) "
        f"SELECT claim_id, {_values((*SCORES, 'scored_at'), table)} FROM __batch"
    )
    connection.execute(
        f"INSERT INTO claims_live_truth (claim_id, {identifiers(TRUTH)}, published_at) "
        f"SELECT claim_id, {_values(TRUTH, table)}, CAST(? AS TIMESTAMPTZ) FROM __batch",
        [published_at],
    )
    connection.unregister("__batch")
    return fresh["claim_id"]


@dataclass(frozen=True)
class Replaced:
    """Windows, and all the claims that they are to hold."""

    starts: Sequence[datetime]
    batch: pa.Table


def replace(
    connection: duckdb.DuckDBPyConnection, windows: Replaced, table: pa.Table
) -> tuple[int, pa.Table]:
    """Remove what the windows are not to hold; how much, and what of a table is not there yet."""
    removed, kept = retain(connection, windows)
    return removed, _without(table, kept)


def _without(table: pa.Table, ids: pa.Array) -> pa.Table:
    """The claims but those; mostly all of them, which are not copied."""
    return table.filter(pc.invert(pc.is_in(table["claim_id"], ids))) if len(ids) else table


def retain(connection: duckdb.DuckDBPyConnection, windows: Replaced) -> tuple[int, pa.Array]:
    """Remove the windows' claims that the batch does not hold with the same content.

    Returns:
        How many claims were removed, and the ids of those that were not.
    """
    held = _held(connection, windows) if windows.starts else []
    stale = [claim_id for claim_id, is_stale in held if is_stale]
    if stale:
        _remove(connection, pa.table({"claim_id": stale}))
    kept = [claim_id for claim_id, is_stale in held if not is_stale]
    return len(stale), pa.array(kept, windows.batch.schema.field("claim_id").type)


def stream_values(stream: Sequence[BaseColumn], batch: pa.Table) -> str:
    """SELECT expressions of a batch for the stream's columns, cast to their types.

    Columns nobody has heard of are NULL, those of the answer sheet above all.
    """
    known = {*COLUMNS, *SCORES, "scored_at"} & set(batch.column_names)
    return ", ".join(
        f"CAST({identifier(c.name.lower()) if c.name.lower() in known else 'NULL'} AS {c.type})"
        for c in stream
    )


def _values(names: Sequence[str], batch: pa.Table) -> str:
    return ", ".join(n if n in batch.column_names else f"NULL AS {n}" for n in names)


def _held(connection: duckdb.DuckDBPyConnection, windows: Replaced) -> list[tuple[str, bool]]:
    """Ids of the windows' claims, and whether the batch lacks them or has another content."""
    batch = windows.batch
    connection.register("__batch", batch)
    stream = stream_table.columns_of(connection, stream_table.NAME)
    compared = tuple(name for name in TRUTH if name not in {"run_id", "window_start"})
    starts = ", ".join(f"TIMESTAMPTZ {literal(start.isoformat())}" for start in windows.starts)
    held = f"claims_live_truth WHERE window_start IN ({starts})"
    old = [
        *(f"s.{identifier(column.name)}" for column in stream),
        *(f"c.{name}" for name in SCORES),
        *(f"t.{name}" for name in compared),
    ]
    new = [stream_values(stream, batch), _values(SCORES, batch), _values(compared, batch)]
    near = near_in_time(connection, f"(FROM {held})", "due_at", ["due_at"])
    query = sql("held_claims").format(
        held=held,
        stream=f"(FROM {stream_table.NAME} WHERE {near})",
        old=", ".join(old),
        new=", ".join(new),
    )
    return connection.execute(query).fetchall()  # few rows: an Arrow table would plan it twice


def _remove(connection: duckdb.DuckDBPyConnection, ids: pa.Table) -> None:
    """Delete these claims from all three tables."""
    connection.register("__gone", ids)
    near = near_in_time(
        connection,
        "(FROM claims_live_truth SEMI JOIN __gone USING (claim_id))",
        "due_at",
        ["due_at"],
    )
    gone = "claim_id IN (SELECT claim_id FROM __gone)"
    connection.execute(f"DELETE FROM {stream_table.NAME} WHERE {near} AND {gone}")
    connection.execute(f"DELETE FROM {_SCORES_TABLE} WHERE {gone}")
    connection.execute(f"DELETE FROM claims_live_truth WHERE {gone}")
    connection.unregister("__gone")
