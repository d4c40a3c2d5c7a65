"""Context rows drawn from all of ``claims_normalized``, without reading all of it.

``USING SAMPLE n ROWS`` is no use here: for small n it returns the head of the
table only. Row positions are drawn with seeded NumPy generators instead, one
per request, and fetched by one join on the row number. Positions that hold no
row any more (deleted ones) are rejected, which keeps the draw uniform.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.columns import CASE_BLOCK, COLUMNS, FACILITY_BLOCK, FREE
from claimsim_pipeline.errors import BaseTableEmpty
from claimsim_pipeline.storage.base_table import NAME, BaseShape
from claimsim_pipeline.storage.drawing import Found, Picked, Request
from claimsim_pipeline.storage.frames import fetch_arrow, to_pandas

KEYS = ("facility_key", "case_key")

_ROUNDS = 5
_DENSE = 0.3  # a request for more than this share of the rows is drawn from their list
_FULL = 0.99  # where this share of the positions holds a row, rows are read before they are known


def sample_contexts(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, draws: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """Uniform random rows of the base table for each ``(n, seed)`` request.

    A request's rows depend on its own n and seed and on the table, not on the other requests.

    Returns:
        ``draw``, ``slot``, ``facility_key``, ``case_key``, the facility and case
        blocks and the free columns, with the contract's types; NULL where the base lacks a column.
    """
    requests = _requests(draws)
    found = _drawn_rows(connection, base, requests)
    return _contexts(found.at(_kept(requests)).table(), draws)


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
    found = _drawn_rows(connection, base, requests)
    sample = np.sort(requests[-1].kept)
    both = found.at(np.concatenate([sample, *(r.kept for r in requests[:-1])]))
    ours = both.rows(slice(len(sample), None))
    lean = _contexts(ours.table([*KEYS, *FREE]), draws)
    return lean, both.rows(slice(len(sample))), both


def draw_positions(
    connection: duckdb.DuckDBPyConnection,
    base: BaseShape,
    requests: Sequence[Request],
) -> np.ndarray:
    """The positions of all requests, which are filled by this call, one after the other."""
    low, high, _ = _span(connection, base)
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
    return _kept(requests)


def uniform_rows(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, n: int, seed: int
) -> Picked:
    """At most n rows, all of them if there are no more, in the order of the table."""
    request = _at_most(n, seed)
    found = _drawn_rows(connection, base, [request])
    return found.at(np.sort(request.kept))


def _drawn_rows(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, requests: Sequence[Request]
) -> Found:
    """Rows at the positions of all requests, which are filled by this call.

    Mostly nearly every position holds a usable row. Then a first draw is read at once, and is
    enough; where it is not, positions are settled before rows are read.
    """
    low, high, count = _span(connection, base)
    width = high - low + 1
    if count >= _FULL * width and all(r.n <= _DENSE * width for r in requests):
        for request in requests:
            request.draw(low, high, spare=request.n / width + 0.03)
        found = _rows_at(connection, base, np.concatenate([r.drawn for r in requests]))
        for request in requests:
            request.reject(found.positions)
        if all(request.done for request in requests):
            return found
    return _rows_at(connection, base, draw_positions(connection, base, requests))


def _kept(requests: Sequence[Request]) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=np.int64), *(r.kept for r in requests)])


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


def _span(connection: duckdb.DuckDBPyConnection, base: BaseShape) -> tuple[int, int, int]:
    """The first and the last position, and how many rows there are.

    The bounds are what n rows say of the ends of their positions; they spare a look at all.
    """
    ((count,),) = connection.execute(f"SELECT count(*) FROM {NAME}").fetchall()
    if base.is_view:
        return 0, count - 1, count
    ((high,),) = connection.execute(
        f"SELECT max(__position) FROM {base.positioned} WHERE __position >= ?", [count - 1]
    ).fetchall()
    ((low,),) = connection.execute(
        f"SELECT min(__position) FROM {base.positioned} WHERE __position <= ?", [high - count + 1]
    ).fetchall()
    return low, high, count


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
) -> Found:
    """Block keys, blocks and free columns of the usable rows at these positions."""
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
    return Found(found.drop_columns(["__position"]), found["__position"].to_numpy())


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
