"""The user's ``claims_normalized``: what it has, and whether it can serve as a base."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from claimsim_pipeline.claims.columns import COLUMNS, REQUIRED
from claimsim_pipeline.claims.reference import BaseColumn
from claimsim_pipeline.errors import (
    BaseColumnsMissing,
    BaseColumnsUnusable,
    BaseTableEmpty,
    BaseTableMissing,
)
from claimsim_pipeline.storage.quoting import identifier, literal

NAME = "claims_normalized"

MAY_BE_NULL = frozenset({"facility_name", "claim_id", "admit_dt", "discharge_dt"})
"""Required columns whose NULLs do not make a row useless as a context: 4 % of the usual
table has no facility name, and contexts carry neither ids nor dates."""

_NUMBERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT"}
    | {"UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"}
)
_MOMENTS = frozenset(
    {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
)
_TEXTS = {"identity": {"VARCHAR"}, "case": {"VARCHAR", "ENUM"}, "derived": {"VARCHAR"}}
"""Ids are made up and need text; other texts are the base's own and may be of any type."""

_FINGERPRINTED = (
    "los",
    "amount_claimed",
    "amount_paid",
    "dx_primary_code",
    "severity_group",
    "facility_class",
    "province_name",
)


@dataclass(frozen=True)
class BaseShape:
    """The shape of ``claims_normalized``.

    Attributes:
        columns: Its own columns, in order.
        is_view: True where the name is a view's; then there are no row ids.
    """

    columns: tuple[BaseColumn, ...]
    is_view: bool

    @cached_property
    def _by_lower(self) -> dict[str, BaseColumn]:
        return {column.name.lower(): column for column in self.columns}

    def has(self, name: str) -> bool:
        """Whether there is such a column (names ignore case, as in SQL)."""
        return name.lower() in self._by_lower

    def own(self, name: str) -> str:
        """The table's own column for a contract name, quoted."""
        return identifier(self._by_lower[name.lower()].name)

    def present(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the contract names that the table has, in the given order."""
        return tuple(name for name in names if self.has(name))

    @property
    def unheard_of(self) -> tuple[str, ...]:
        """Columns that are no contract columns; the stream holds NULL there."""
        return tuple(column.name for column in self.columns if column.name.lower() not in COLUMNS)

    @property
    def usable(self) -> str:
        """The condition, in SQL, for a row to serve as a context or donor."""
        needed = (self.own(name) for name in REQUIRED if name not in MAY_BE_NULL)
        return " AND ".join(f"{name} IS NOT NULL" for name in needed)

    @property
    def positioned(self) -> str:
        """A FROM item with the table's columns and ``__position``, a number per row."""
        plain = not self.is_view and not self.has("rowid")
        number = "rowid" if plain else "row_number() OVER () - 1"
        return f"(SELECT {number} AS __position, * FROM {NAME})"


@dataclass(frozen=True)
class BaseTable(BaseShape):
    """``claims_normalized`` as it is at the moment.

    Attributes:
        rows: How many rows it has.
        fingerprint: 16 hex digits that change when rows or columns do.
    """

    rows: int
    fingerprint: str


def inspect(connection: duckdb.DuckDBPyConnection, path: Path) -> BaseTable:
    """Look at ``claims_normalized``, its shape and its content.

    Raises:
        BaseTableError: As :func:`shape`.
    """
    base = shape(connection, path)
    rows, content = _weigh(connection)
    return BaseTable(base.columns, base.is_view, rows, _fingerprint(base.columns, rows, content))


def shape(connection: duckdb.DuckDBPyConnection, path: Path) -> BaseShape:
    """Look at the columns only, which costs a few milliseconds whatever the size.

    Raises:
        BaseTableMissing: There is none, or its view is broken.
        BaseColumnsMissing: A required column is missing.
        BaseColumnsUnusable: A column has a type that claims cannot have.
        BaseTableEmpty: It has no rows.
    """
    columns = _columns(connection, path)
    lacking = [name for name in REQUIRED if name not in {c.name.lower() for c in columns}]
    if lacking:
        raise BaseColumnsMissing(
            f"{NAME} in {path} lacks the required column{'s' * (len(lacking) > 1)} "
            f"{', '.join(lacking)}. Add them; these are required: {', '.join(REQUIRED)}."
        )
    unfit = [f"{c.name} ({c.type}, not {need})" for c in columns if (need := _needed(c))]
    if unfit:
        raise BaseColumnsUnusable(
            f"{NAME} in {path} has columns of types that claims cannot have: {', '.join(unfit)}. "
            f"Convert them, or let a view named {NAME} cast them."
        )
    if not connection.execute(f"SELECT 1 FROM {NAME} LIMIT 1").fetchall():
        raise BaseTableEmpty(
            f"{NAME} in {path} has no rows to sample from. Load the claims into it first."
        )
    return BaseShape(columns, _is_view(connection))


def _needed(column: BaseColumn) -> str:
    """What a column would have to be; empty if it can hold what claims have."""
    name, kind = column.name.lower(), column.type.partition("(")[0]
    if name not in COLUMNS:
        return ""
    wanted = COLUMNS[name].type
    if wanted in _NUMBERS and kind not in _NUMBERS:
        return "a number"
    if wanted == "BOOLEAN" and kind != "BOOLEAN":
        return "BOOLEAN"
    if wanted in _MOMENTS and kind not in {*_MOMENTS, "VARCHAR"}:
        return "a date"
    if wanted == "VARCHAR" and kind not in _TEXTS.get(COLUMNS[name].block, {kind}):
        return "text"
    return ""


def _is_view(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether its rows have no numbers; to ask the catalog instead takes ten times as long."""
    try:
        connection.execute(f"SELECT rowid FROM {NAME} LIMIT 0")
    except duckdb.BinderException:
        return True
    return False


def _exists(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() "
            "AND table_schema = current_schema() AND lower(table_name) = ?",
            [NAME],
        ).fetchall()
    )


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[BaseColumn, ...]:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {NAME}").fetchall()
    except duckdb.Error as error:
        if not _exists(connection):
            raise BaseTableMissing(
                f"{path} has no table {NAME}. Load the claims into it, or make a demo database "
                "with `claimsim demo`."
            ) from error
        # A view over something that is gone.
        raise BaseTableMissing(f"{NAME} in {path} cannot be read: {error}. Repair it.") from error
    return tuple(BaseColumn(name=str(row[0]), type=str(row[1])) for row in rows)


def _weigh(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Row count, and a sum of row hashes over a few telling columns.

    A sum, unlike an exclusive or, does not cancel out where rows come in pairs.
    """
    ((rows, content),) = connection.execute(
        f"SELECT count(*), coalesce(sum(hash({', '.join(_FINGERPRINTED)})), 0) FROM {NAME}"
    ).fetchall()
    return int(rows), int(content)


def _fingerprint(columns: tuple[BaseColumn, ...], rows: int, content: int) -> str:
    schema = ";".join(f"{literal(column.name)} {column.type}" for column in columns)
    return hashlib.sha256(f"{schema}|{rows}|{content}".encode()).hexdigest()[:16]
