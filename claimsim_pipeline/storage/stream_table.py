"""``claims_live_stream``: exactly the base table's columns, order and types, always."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from claimsim_pipeline.claims.reference import BaseColumn
from claimsim_pipeline.storage.quoting import identifier

NAME = "claims_live_stream"
_REBUILT = "claims_live_stream__rebuilt"


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[BaseColumn, ...]:
    """The columns of a table or view that exists."""
    rows = connection.execute(
        "SELECT name, type FROM pragma_table_info(?) ORDER BY cid", [table]
    ).fetchall()
    return tuple(BaseColumn(name=str(name), type=str(kind)) for name, kind in rows)


def present(connection: duckdb.DuckDBPyConnection) -> tuple[BaseColumn, ...] | None:
    """The stream's columns; None where there is no stream yet.

    To be asked outside a transaction, which a miss would abort. To ask the catalog instead
    takes ten times as long.
    """
    try:
        return columns_of(connection, NAME)
    except duckdb.CatalogException:
        return None


def follow(
    connection: duckdb.DuckDBPyConnection,
    there: Sequence[BaseColumn] | None,
    wanted: Sequence[BaseColumn],
) -> bool:
    """Give the stream these columns; its rows stay, with what the columns share.

    Args:
        connection: Within a transaction.
        there: The stream's columns now; None where there is no stream.
        wanted: Those it shall have.

    Returns:
        Whether anything had to change.
    """
    if there is not None and tuple(there) == tuple(wanted):
        return False
    if there is None:
        _create(connection, NAME, wanted)
        return True
    _create(connection, _REBUILT, wanted)
    kept = {column.name.lower(): identifier(column.name) for column in there}
    values = ", ".join(
        f"TRY_CAST({kept[c.name.lower()]} AS {c.type})" if c.name.lower() in kept else "NULL"
        for c in wanted
    )
    connection.execute(f"INSERT INTO {_REBUILT} SELECT {values} FROM {NAME}")
    connection.execute(f"DROP TABLE {NAME}")
    connection.execute(f"ALTER TABLE {_REBUILT} RENAME TO {NAME}")
    return True


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[BaseColumn]
) -> None:
    described = ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)
    connection.execute(f"CREATE TABLE {name} ({described})")
