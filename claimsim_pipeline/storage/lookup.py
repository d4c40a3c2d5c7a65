"""Which claims of a batch are there already: no index, one look while the file is ours."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from claimsim_pipeline.errors import ClaimIdTaken
from claimsim_pipeline.storage import stream_table
from claimsim_pipeline.storage.frames import fetch_arrow
from claimsim_pipeline.storage.quoting import identifier, literal, sql

_FEW = 64  # ids that stand in the query itself


def already_there(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Array:
    """Ids of the batch that are published.

    Remains of other ids, whose truth somebody deleted by hand, are cleared:
    these claims come back whole.

    Raises:
        ClaimIdTaken: An id is that of another window's or run's claim.
    """
    keys = ["claim_id", "window_start", "run_id", "generated_at"]
    connection.register("__ids", table.select([k for k in keys if k in table.column_names]))
    near = near_in_time(connection, "__ids", "generated_at", table.column_names)
    among = _among(table["claim_id"])
    found = fetch_arrow(connection, sql("already_there").format(among=among, near=near))
    told = found.filter(found["told"])
    _refuse_others(told.filter(pc.invert(told["ours"])))
    ids = told["claim_id"].combine_chunks()
    remains = found.filter(pc.invert(pc.is_in(found["claim_id"], ids)))["claim_id"]
    if len(remains):
        connection.register("__ids", pa.table({"claim_id": remains}))
        gone = "claim_id IN (SELECT claim_id FROM __ids)"
        connection.execute(f"DELETE FROM {stream_table.NAME} WHERE {near} AND {gone}")
        connection.execute(f"DELETE FROM claims_live_scores WHERE {gone}")
    connection.unregister("__ids")
    return ids


def near_in_time(
    connection: duckdb.DuckDBPyConnection, rows: str, moment: str, available: Sequence[str]
) -> str:
    """A condition that limits the stream to the times of ``rows``, so that zone maps help.

    True where the base table has no ``generated_at``, or ``rows`` do not tell the time.
    """
    kinds = {c.name.lower(): c for c in stream_table.columns_of(connection, stream_table.NAME)}
    if "generated_at" not in kinds or moment not in available:
        return "true"
    column = kinds["generated_at"]
    ((first, last),) = connection.execute(
        f"SELECT CAST(min(v) AS VARCHAR), CAST(max(v) AS VARCHAR) "
        f"FROM (SELECT CAST({moment} AS {column.type}) AS v FROM {rows})"
    ).fetchall()
    if first is None:
        return "true"
    low, high = (f"CAST({literal(text)} AS {column.type})" for text in (first, last))
    return f"{identifier(column.name)} BETWEEN {low} AND {high}"


def _among(ids: pa.ChunkedArray) -> str:
    if len(ids) > _FEW:
        return "claim_id IN (SELECT claim_id FROM __ids)"
    return f"claim_id IN ({', '.join(map(literal, ids.to_pylist()))})"


def _refuse_others(taken: pa.Table) -> None:
    if not len(taken):
        return
    claim_id, run_id = (taken[name][0].as_py() for name in ("claim_id", "run_id"))
    others = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
    raise ClaimIdTaken(
        f"Claim id {claim_id}{others} belongs to a claim of another window or run ({run_id}). "
        "Nothing was written. Set another SIM_CLAIM_PREFIX, or prune the older claims."
    )
