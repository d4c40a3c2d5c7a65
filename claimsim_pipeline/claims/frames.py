"""Frames in, SQL, frames out: the in-memory DuckDB that expressions run on.

Nothing here touches a file. Arrow carries the frames both ways, with the
column types that the rooms agreed on: text is ``str``, lists stay Arrow lists,
codes are nullable integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

# Arrow's usual pool hands memory back at once; to take it anew costs a tenth of a large run.
pa.set_memory_pool(pa.system_memory_pool())

TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
ARROW_LIST = pa.list_(pa.string())
LIST = pd.ArrowDtype(ARROW_LIST)
DATE = pd.ArrowDtype(pa.date32())
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def sql_text(package: str, name: str) -> str:
    """The text of a .sql file that lies in a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


@contextmanager
def workbench(**tables: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an in-memory database, in which the given tables can be queried."""
    connection = _memory().cursor()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        yield connection
    finally:
        connection.close()


@cache
def _memory() -> duckdb.DuckDBPyConnection:
    """One for the process: empty, and starting it costs more than most queries do.

    A single thread, as more would wait for each other over a few thousand rows. What is selected
    from one table, without a join or a group, keeps that table's order.
    """
    return duckdb.connect(":memory:", config={"threads": 1})


def query(
    connection: duckdb.DuckDBPyConnection, text: str, parameters: Mapping[str, Any] | None = None
) -> pa.Table:
    """The result of a query as an Arrow table."""
    return plain(connection.sql(text, params=dict(parameters or {})).to_arrow_table())


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """A frame as an Arrow table that DuckDB scans without copies."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame; 64-bit integers are nullable where NULLs occur."""
    table = plain(table)
    holed = {
        kind: dtype
        for kind, dtype in _NULLABLE.items()
        if any(f.type == kind and table[f.name].null_count for f in table.schema)
    }
    types = {
        pa.string(): TEXT,
        pa.large_string(): TEXT,
        ARROW_LIST: LIST,
        pa.int32(): pd.Int32Dtype(),
        pa.date32(): DATE,
        **holed,
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get)
    return frame


def plain(table: pa.Table) -> pa.Table:
    """DuckDB names a list's items ``l``; Arrow and Parquet call them ``item``."""
    fields = [
        field.with_type(ARROW_LIST) if _is_text_list(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields, table.schema.metadata))


def _is_text_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_string(kind.value_type))
