"""Between DuckDB and pandas: Arrow both ways, with the column types the rooms agreed on."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
_ARROW_LIST = pa.list_(pa.string())
_LIST = pd.ArrowDtype(_ARROW_LIST)
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """The result of a query as a frame: text as ``str``, lists as Arrow lists."""
    return to_pandas(fetch_arrow(connection, query))


def fetch_arrow(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """The result of a query as an Arrow table."""
    return _plain(connection.sql(query).to_arrow_table())


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame; integer codes are nullable integers whether or not NULLs occur."""
    table = _plain(table)
    holed = {
        kind: dtype
        for kind, dtype in _NULLABLE.items()
        if any(f.type == kind and table[f.name].null_count for f in table.schema)
    }
    types = {
        pa.string(): _TEXT,
        pa.large_string(): _TEXT,
        _ARROW_LIST: _LIST,
        pa.int32(): pd.Int32Dtype(),
        **holed,
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get)
    return frame


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """A frame as an Arrow table that DuckDB scans without copies."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _plain(table: pa.Table) -> pa.Table:
    """Lists with Arrow's own name for their items, moments in UTC."""
    fields = [field.with_type(_usual(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields, table.schema.metadata))


def _usual(kind: pa.DataType) -> pa.DataType:
    if _is_text_list(kind):
        return _ARROW_LIST
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, tz="UTC")
    return kind


def _is_text_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_string(kind.value_type))
