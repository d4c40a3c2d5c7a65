"""Rows of the base laid out by cell and value, so that millions of picks are a few searches.

A cell is a combination of properties (a case in a class of hospital in a
province, say), known by a 64-bit hash. Within a cell, rows lie in the order of
one value, hence those between two bounds lie side by side: a pick is a range
and one uniform. Nothing here depends on the other targets of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Repick = Callable[[Ints, Floats], Ints]

_ATTEMPTS, _STRIDE = 3, 0.381966011250105  # golden steps of a die: far from where it was
_FEW = 4
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def mix(*parts: Keys) -> Keys:
    """One hash of several: the cell of rows that agree in all of them."""
    mixed = np.asarray(parts[0], dtype=np.uint64).copy()
    with np.errstate(over="ignore"):
        for part in parts[1:]:
            mixed *= _GOLDEN
            mixed ^= mixed >> _SHIFT
            mixed += part
    return mixed


@dataclass(frozen=True)
class Span:
    """For each target the positions ``start <= i < stop`` on a shelf."""

    start: Ints
    stop: Ints

    @property
    def count(self) -> Ints:
        """How many rows each target has."""
        return self.stop - self.start

    @property
    def few(self) -> NDArray[np.bool_]:
        """Where there are so few rows that they would be given away."""
        return (self.count > 0) & (self.count <= _FEW)

    def at(self, share: Floats) -> Ints:
        """The position at that share of the way; meaningless where the span is empty."""
        return self.start + np.minimum((share * self.count).astype(np.int64), self.count - 1)


class Order:
    """Rows in the order of a value, then of their place in the base.

    Args:
        values: What they are sorted by, of every row of the base.
        rows: Which rows these are, if not all of them.
    """

    def __init__(self, values: Floats, rows: Ints | None = None) -> None:
        rows = np.arange(len(values)) if rows is None else rows
        self.levels, ranks = np.unique(values[rows], return_inverse=True)
        order = np.argsort(ranks, kind="stable")
        self.rows: Ints = rows[order]
        self.ranks: Ints = ranks[order]


class Shelf:
    """Rows sorted by cell, then value, then their place in the base.

    Args:
        cells: The cell of every row of the base.
        order: The rows, in the order they have within a cell.
    """

    def __init__(self, cells: Keys, order: Order) -> None:
        which, known = pd.factorize(cells[order.rows])
        small = which.astype(np.min_scalar_type(len(known)))  # so that the sort is by radix
        places = np.argsort(small, kind="stable")
        self.rows: Ints = order.rows[places]
        self._order = order
        self._cells = pd.Index(known)
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(which, minlength=len(known)))))
        self._places = places

    @cached_property
    def _keys(self) -> Ints:
        """Cell and rank of each row in one number, rising from row to row."""
        sizes = np.diff(self._starts)
        cells = np.repeat(np.arange(len(sizes)), sizes)
        return cells * self._width + self._order.ranks[self._places]

    @property
    def _width(self) -> int:
        return len(self._order.levels) + 1

    def span(self, cells: Keys, low: Floats | None = None, high: Floats | None = None) -> Span:
        """Where each cell's rows lie, those between the bounds (inclusive) only."""
        if not len(self.rows):
            empty = np.zeros(len(cells), dtype=np.int64)
            return Span(empty, empty)
        which = self._cells.get_indexer(pd.Index(cells))
        known = which >= 0
        which = np.maximum(which, 0)
        start, stop = self._starts[which], self._starts[which + 1]
        levels, first = self._order.levels, which * self._width
        if low is not None:
            bottom = np.searchsorted(levels, low, side="left")
            start = np.searchsorted(self._keys, first + bottom, side="left")
        if high is not None:
            top = np.searchsorted(levels, high, side="right")
            stop = np.searchsorted(self._keys, first + top, side="left")
        return Span(start, np.where(known, np.maximum(stop, start), start))


@dataclass(frozen=True)
class Rung:
    """One level of a ladder, put up when somebody gets there.

    Attributes:
        shelf: Gives the shelf.
        cells: Gives the cells of some targets on it.
        enough: How many rows are enough.
    """

    shelf: Callable[[], Shelf]
    cells: Callable[[Ints], Keys]
    enough: int = 1


def climb(
    rungs: Iterable[Rung],
    share: Floats,
    low: Floats | None = None,
    high: Floats | None = None,
) -> Ints:
    """A row of the base for each target, from the first rung that has enough of them.

    Returns:
        Row numbers; -1 where no rung has a row within the bounds.
    """
    found = np.full(len(share), -1, dtype=np.int64)
    open_ = np.arange(len(share))
    for rung in rungs:
        if not len(open_):
            break
        shelf = rung.shelf()
        span = shelf.span(
            rung.cells(open_),
            None if low is None else low[open_],
            None if high is None else high[open_],
        )
        enough = span.count >= rung.enough
        found[open_[enough]] = shelf.rows[span.at(share[open_])[enough]]
        open_ = open_[~enough]
    return found


def discreet(
    first: Ints, die: Floats, rare: Callable[[Ints, Ints], NDArray[np.bool_]], again: Repick
) -> Ints:
    """Picks of which those that point at hardly any row of the base are made again.

    A combination that hardly any row of the base has would give that row away more
    often than chance does. What chance cannot avoid is left as it is.

    Args:
        first: Row numbers, from :func:`climb`; -1 stays.
        die: The dice they were picked by.
        rare: Whether picks (targets, rows) make a combination of one or two rows.
        again: Picks for some targets, by other dice.
    """
    found = first.copy()
    for attempt in range(1, _ATTEMPTS + 1):
        known = np.flatnonzero(found >= 0)
        alone = known[rare(known, found[known])]
        if not len(alone):
            break
        found[alone] = again(alone, (die[alone] + attempt * _STRIDE) % 1.0)
    return found
