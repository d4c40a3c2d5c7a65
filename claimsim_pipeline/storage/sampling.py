"""Context rows drawn from all of ``claims_normalized``, without reading all of it.

``USING SAMPLE n ROWS`` is no use here: for small n it returns the head of the
table only. Row positions are drawn with seeded NumPy generators instead, one
per request, and fetched by one join on the row number. Positions that hold no
row any more (deleted ones) are rejected, which keeps the draw uniform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.columns import CASE_BLOCK, COLUMNS, FACILITY_BLOCK, FREE
from claimsim_pipeline.errors import BaseTableEmpty
from claimsim_pipeline.storage.base_table import NAME, BaseShape
from claimsim_pipeline.storage.frames import fetch_arrow, to_pandas

_ROUNDS = 5
_DENSE = 0.3  # a request for more than this share of the rows is drawn from their list


@dataclass
class Request:
    """One request for n distinct rows, and what it has drawn so far."""

    n: int
    rng: np.random.Generator
    drawn: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    kept: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def draw(self, low: int, high: int) -> None:
        """Draw fresh positions, more than are needed, as some may hold no row."""
        wanted = 8 + (self.n - len(self.kept)) * 5 // 4
        fresh = self.rng.integers(low, high + 1, wanted)
        self.drawn = _first_of_each(np.concatenate([self.kept, fresh]))

    def reject(self, existing: np.ndarray) -> None:
        """Keep the first n drawn positions that hold a usable row."""
        at = np.minimum(np.searchsorted(existing, self.drawn), max(len(existing) - 1, 0))
        there = existing[at] == self.drawn if len(existing) else np.zeros(len(self.drawn), bool)
        self.kept = self.drawn[there][: self.n]

    def choose(self, existing: np.ndarray, *, at_most: bool = False) -> None:
        """Draw from the list of all positions: without replacement while there are enough."""
        if at_most and self.n >= len(existing):
            self.kept = existing
            return
        self.kept = self.rng.choice(existing, self.n, replace=self.n > len(existing))

    @property
    def done(self) -> bool:
        """Whether all n rows are there."""
        return len(self.kept) == self.n


def sample_contexts(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, draws: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """Uniform random rows of the base table for each ``(n, seed)`` request.

    A request's rows depend on its own n and seed and on the table, not on the other requests.

    Returns:
        ``draw``, ``slot``, ``facility_key``, ``case_key``, the facility and case
        blocks and the free columns, with the contract's types; NULL where the base lacks a column.
    """
    requests = [Request(n, np.random.default_rng(seed)) for n, seed in draws]
    positions = draw_positions(connection, base, requests)
    found = _rows(connection, base, np.unique(positions))
    order = np.searchsorted(found["__position"].to_numpy(), positions)
    sizes = np.array([n for n, _ in draws], dtype=np.int64)
    contexts = to_pandas(found.drop_columns(["__position"]).take(pa.array(order)))
    contexts.insert(0, "draw", np.repeat(np.arange(len(sizes)), sizes))
    contexts.insert(1, "slot", np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes))
    return contexts


def draw_positions(
    connection: duckdb.DuckDBPyConnection,
    base: BaseShape,
    requests: Sequence[Request],
    *,
    at_most: bool = False,
) -> np.ndarray:
    """The positions of all requests, one after the other.

    Args:
        connection: To the database.
        base: The table's shape.
        requests: Filled by this call.
        at_most: A request for more rows than there are gets each of them once.
    """
    low, high = _span(connection, base)
    sparse = [r for r in requests if r.n <= _DENSE * (high - low + 1)]
    for _ in range(_ROUNDS):
        open_ = [request for request in sparse if not request.done]
        if not open_:
            break
        for request in open_:
            request.draw(low, high)
        drawn = np.unique(np.concatenate([request.drawn for request in open_]))
        existing = _existing(connection, base, drawn)
        for request in open_:
            request.reject(existing)
    rest = [request for request in requests if not request.done]
    if rest:
        everything = _existing(connection, base, None)
        for request in rest:
            request.choose(everything, at_most=at_most)
    return np.concatenate([np.empty(0, dtype=np.int64), *(r.kept for r in requests)])


def uniform_rows(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, n: int, seed: int
) -> pa.Table:
    """At most n rows, all of them if there are no more, in the order of the table."""
    request = Request(n, np.random.default_rng(seed))
    positions = draw_positions(connection, base, [request], at_most=True)
    return _rows(connection, base, np.unique(positions)).drop_columns(["__position"])


def _first_of_each(values: np.ndarray) -> np.ndarray:
    _, first = np.unique(values, return_index=True)
    return values[np.sort(first)]


def _span(connection: duckdb.DuckDBPyConnection, base: BaseShape) -> tuple[int, int]:
    ((low, high),) = connection.execute(
        f"SELECT min(__position), max(__position) FROM {base.positioned}"
    ).fetchall()
    return int(low), int(high)


def _existing(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, among: np.ndarray | None
) -> np.ndarray:
    """Positions that hold a usable row, sorted: among those given, or all there are."""
    query = f"SELECT __position FROM {base.positioned} {joined(connection, among)}"
    found = fetch_arrow(connection, f"{query} WHERE {base.usable}")
    positions = np.sort(found["__position"].to_numpy())
    if among is None and not len(positions):
        raise BaseTableEmpty(
            f"No row of {NAME} has values in all required columns, so there is nothing to "
            "sample from. Fill the NULLs of the required columns."
        )
    return positions


def _rows(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, among: np.ndarray | None
) -> pa.Table:
    """Block keys, blocks and free columns of the usable rows at these positions, sorted."""
    columns = ", ".join(
        [
            f"{_key(base, FACILITY_BLOCK)} AS facility_key",
            f"{_key(base, CASE_BLOCK)} AS case_key",
            *(_column(base, name) for name in (*FACILITY_BLOCK, *CASE_BLOCK, *FREE)),
        ]
    )
    found = fetch_arrow(
        connection,
        f"SELECT __position, {columns} FROM {base.positioned} {joined(connection, among)} "
        f"WHERE {base.usable}",
    )
    return found.sort_by("__position")


def joined(connection: duckdb.DuckDBPyConnection, among: np.ndarray | None) -> str:
    """A JOIN that keeps the rows at these positions; nothing, to keep all rows."""
    if among is None:
        return ""
    connection.register("__picks", pa.table({"__pick": among}))
    return "JOIN __picks ON __position = __pick"


def _key(base: BaseShape, block: Sequence[str]) -> str:
    """A 64-bit hash over the block's columns that exist; NULLs count as a value."""
    return f"hash({', '.join(base.own(name) for name in base.present(block))})"


def _column(base: BaseShape, name: str) -> str:
    kind = COLUMNS[name].type
    value = f"TRY_CAST({base.own(name)} AS {kind})" if base.has(name) else f"CAST(NULL AS {kind})"
    return f"{value} AS {name}"
