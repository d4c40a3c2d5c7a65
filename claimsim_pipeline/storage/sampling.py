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

KEYS = ("facility_key", "case_key")

_ROUNDS = 5
_DENSE = 0.3  # a request for more than this share of the rows is drawn from their list


@dataclass
class Request:
    """One request for n distinct rows, and what it has drawn so far.

    Attributes:
        n: How many rows.
        rng: Draws them.
        at_most: Asked for more rows than there are, it gets each of them once.
    """

    n: int
    rng: np.random.Generator
    at_most: bool = False
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

    def choose(self, existing: np.ndarray) -> None:
        """Draw from the list of all positions: without replacement while there are enough."""
        if self.at_most and self.n >= len(existing):
            self.kept = existing
            return
        self.kept = self.rng.choice(existing, self.n, replace=self.n > len(existing))

    @property
    def done(self) -> bool:
        """Whether all n rows are there."""
        return len(self.kept) == self.n


@dataclass(frozen=True)
class Picked:
    """Rows as they were found, and the order (with repetitions) in which they are wanted."""

    found: pa.Table
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.order)

    def rows(self, which: slice | np.ndarray) -> Picked:
        """Some of them."""
        return Picked(self.found, self.order[which])

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Their columns, all or some."""
        wanted = self.found if columns is None else self.found.select(columns)
        return wanted.take(pa.array(self.order))


def sample_contexts(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, draws: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """Uniform random rows of the base table for each ``(n, seed)`` request.

    A request's rows depend on its own n and seed and on the table, not on the other requests.

    Returns:
        ``draw``, ``slot``, ``facility_key``, ``case_key``, the facility and case
        blocks and the free columns, with the contract's types; NULL where the base lacks a column.
    """
    positions = draw_positions(connection, base, _requests(draws))
    return _contexts(_rows_at(connection, base, positions).table(), draws)


def sample_with(
    connection: duckdb.DuckDBPyConnection,
    base: BaseShape,
    draws: Sequence[tuple[int, int]],
    many: tuple[int, int],
) -> tuple[pd.DataFrame, Picked, Picked]:
    """Contexts, and a uniform sample beside them that is read in the same look at the table.

    Args:
        connection: To the database.
        base: The table's shape.
        draws: As in :func:`sample_contexts`.
        many: Size and seed of the sample, as in :func:`uniform_rows`.

    Returns:
        Contexts as in :func:`sample_contexts` but for the blocks, of which they have the keys
        only; the sample; and both together, the sample first.
    """
    requests = [*_requests(draws), _at_most(*many)]
    draw_positions(connection, base, requests)
    sample = np.sort(requests[-1].kept)
    both = _rows_at(connection, base, np.concatenate([sample, *(r.kept for r in requests[:-1])]))
    ours = both.rows(slice(len(sample), None))
    lean = _contexts(ours.table([*KEYS, *FREE]), draws)
    return lean, both.rows(slice(len(sample))), both


def draw_positions(
    connection: duckdb.DuckDBPyConnection,
    base: BaseShape,
    requests: Sequence[Request],
) -> np.ndarray:
    """The positions of all requests, which are filled by this call, one after the other."""
    low, high = _span(connection, base)
    sparse = [r for r in requests if r.n <= _DENSE * (high - low + 1)]
    for _ in range(_ROUNDS):
        open_ = [request for request in sparse if not request.done]
        if not open_:
            break
        for request in open_:
            request.draw(low, high)
        drawn = _distinct(np.concatenate([request.drawn for request in open_]))
        existing = _existing(connection, base, drawn)
        for request in open_:
            request.reject(existing)
    rest = [request for request in requests if not request.done]
    if rest:
        everything = _existing(connection, base, None)
        for request in rest:
            request.choose(everything)
    return np.concatenate([np.empty(0, dtype=np.int64), *(r.kept for r in requests)])


def uniform_rows(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, n: int, seed: int
) -> Picked:
    """At most n rows, all of them if there are no more, in the order of the table."""
    positions = draw_positions(connection, base, [_at_most(n, seed)])
    return _rows_at(connection, base, np.sort(positions))


def _requests(draws: Sequence[tuple[int, int]]) -> list[Request]:
    return [Request(n, np.random.default_rng(seed)) for n, seed in draws]


def _at_most(n: int, seed: int) -> Request:
    return Request(n, np.random.default_rng(seed), at_most=True)


def _contexts(found: pa.Table, draws: Sequence[tuple[int, int]]) -> pd.DataFrame:
    sizes = np.array([n for n, _ in draws], dtype=np.int64)
    within = np.arange(len(found)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    contexts = to_pandas(found)
    contexts.insert(0, "draw", np.repeat(np.arange(len(sizes)), sizes))
    contexts.insert(1, "slot", within)
    return contexts


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


def _rows_at(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, positions: np.ndarray
) -> Picked:
    """Block keys, blocks and free columns of the usable rows at these positions, one for each."""
    columns = ", ".join(
        [
            f"{_key(base, FACILITY_BLOCK)} AS facility_key",
            f"{_key(base, CASE_BLOCK)} AS case_key",
            *(_column(base, name) for name in (*FACILITY_BLOCK, *CASE_BLOCK, *FREE)),
        ]
    )
    found = fetch_arrow(
        connection,
        f"SELECT __position, {columns} FROM {base.positioned} "
        f"{joined(connection, _distinct(positions))} WHERE {base.usable}",
    )
    at = found["__position"].to_numpy()
    sorter = np.argsort(at)
    order = sorter[np.searchsorted(at, positions, sorter=sorter)]
    return Picked(found.drop_columns(["__position"]), order)


def _distinct(values: np.ndarray) -> np.ndarray:
    """Sorted; by sorting, which is several times faster here than NumPy's hashing."""
    ordered: np.ndarray = np.sort(values)
    first: np.ndarray = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
    return first


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
