"""What a query on the user's database gives, as the frames that all rooms share."""

from __future__ import annotations

import duckdb
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.frames import plain, to_arrow, to_pandas

__all__ = ["fetch", "fetch_arrow", "to_arrow", "to_pandas"]


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """The result of a query as a frame: text as ``str``, lists as Arrow lists, decimals as floats.

    Contract columns have their contract names, however the base table spells them.
    """
    table = _with_floats(fetch_arrow(connection, query))
    names = [name.lower() if name.lower() in COLUMNS else name for name in table.column_names]
    return to_pandas(table.rename_columns(names))


def fetch_arrow(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """The result of a query as an Arrow table, moments in UTC whatever the connection's zone."""
    table = plain(connection.sql(query).to_arrow_table())
    fields = [field.with_type(_in_utc(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields, table.schema.metadata))


def _with_floats(table: pa.Table) -> pa.Table:
    """Decimals come out as Python objects, which no arithmetic of a frame can mix with floats."""
    fields = [
        field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields, table.schema.metadata))


def _in_utc(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, tz="UTC")
    return kind
