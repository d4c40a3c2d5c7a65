"""Requests for random rows, and the rows that were found: sampling without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa


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

    def draw(self, low: int, high: int, spare: float = 0.25) -> None:
        """Draw fresh positions, more than are needed, as some may hold no row."""
        missing = self.n - len(self.kept)
        fresh = self.rng.integers(low, high + 1, 8 + missing + int(missing * spare))
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


class Found:
    """Rows by their positions.

    Attributes:
        positions: Of the rows, sorted.
    """

    def __init__(self, rows: pa.Table, at: np.ndarray) -> None:
        self._rows, self._sorter = rows, np.argsort(at)
        self.positions: np.ndarray = at[self._sorter]

    def at(self, wanted: np.ndarray) -> Picked:
        """The rows at these positions, one for each."""
        return Picked(self._rows, self._sorter[np.searchsorted(self.positions, wanted)])


def _first_of_each(values: np.ndarray) -> np.ndarray:
    _, first = np.unique(values, return_index=True)
    return values[np.sort(first)]
