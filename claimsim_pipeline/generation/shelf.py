"""Rows of the base laid out by cell and value, so that millions of picks are a few searches.

A cell is a combination of properties (a case in a class of hospital in a
province, say), known by a 64-bit hash. Within a cell, rows lie in the order of
one value, hence those between two bounds lie side by side: a pick is a range
and one uniform. Nothing here depends on the other targets of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
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


class Shelf:
    """Rows sorted by cell, then value, then their place in the base.

    Args:
        cells: The cell of each row.
        values: What rows are sorted by within a cell.
        rows: Which rows these are, if not all of them.
    """

    def __init__(self, cells: Keys, values: Floats, rows: Ints | None = None) -> None:
        rows = np.arange(len(cells)) if rows is None else rows
        self._levels, ranks = np.unique(values[rows], return_inverse=True)
        self._cells, which = np.unique(cells[rows], return_inverse=True)
        self._width = len(self._levels) + 1
        keys = which.astype(np.int64) * self._width + ranks
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self.rows: Ints = rows[order]

    def span(self, cells: Keys, low: Floats | None = None, high: Floats | None = None) -> Span:
        """Where each cell's rows lie, those between the bounds (inclusive) only."""
        if not len(self._cells):
            empty = np.zeros(len(cells), dtype=np.int64)
            return Span(empty, empty)
        which = np.minimum(np.searchsorted(self._cells, cells), len(self._cells) - 1)
        first = which.astype(np.int64) * self._width
        bottom = 0 if low is None else np.searchsorted(self._levels, low, side="left")
        top = self._width - 1 if high is None else np.searchsorted(self._levels, high, side="right")
        start = np.searchsorted(self._keys, first + bottom, side="left")
        stop = np.searchsorted(self._keys, first + top, side="left")
        known = self._cells[which] == cells
        return Span(start, np.where(known, np.maximum(stop, start), start))


@dataclass(frozen=True)
class Rung:
    """One level of a ladder: a shelf, the targets' cells on it, and how many rows are enough."""

    shelf: Shelf
    cells: Keys
    enough: int = 1


def climb(
    rungs: Sequence[Rung],
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
        span = rung.shelf.span(
            rung.cells[open_],
            None if low is None else low[open_],
            None if high is None else high[open_],
        )
        enough = span.count >= rung.enough
        found[open_[enough]] = rung.shelf.rows[span.at(share[open_])[enough]]
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
