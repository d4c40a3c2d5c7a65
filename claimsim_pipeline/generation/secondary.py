"""Lists of secondary diagnoses: each distinct list once, rows refer to it by number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from claimsim_pipeline.generation.shelf import Ints

LIST = pd.ArrowDtype(pa.list_(pa.string()))


class Lists:
    """The base's lists, as its rows have them.

    Attributes:
        counts: Codes in each row's list; 0 where there is none.
        usable: Rows whose list is sound: distinct codes, none of them the row's primary diagnosis.
    """

    def __init__(self, column: pd.Series, dx: NDArray[np.object_]) -> None:
        self._values = _arrow(column)
        self.counts: Ints = lengths(column)
        self._starts = np.cumsum(self.counts) - self.counts
        self._parents = np.repeat(np.arange(len(self.counts)), self.counts)
        codes = self._values.flatten().to_pandas().astype("string").fillna("").to_numpy(object)
        self._stems = np.array([code[:3] for code in codes], dtype=object)
        self.usable = np.flatnonzero(self._sound(codes, dx))

    def take(self, rows: Ints) -> pd.Series:
        """The lists of these rows; -1 gives none."""
        picked = self._values.take(pa.array(rows, mask=rows < 0))
        return pd.Series(pd.arrays.ArrowExtensionArray(picked), dtype=LIST)

    def naming(self, rows: Ints, dx: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Whether the list of each row names that diagnosis (3 characters)."""
        counts = self.counts[rows]
        parents = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(parents)) - np.repeat(np.cumsum(counts) - counts, counts)
        codes = np.repeat(self._starts[rows], counts) + within
        named = np.zeros(len(rows), dtype=bool)
        named[parents[self._stems[codes] == dx[parents]]] = True
        return named

    def _sound(self, codes: NDArray[np.object_], dx: NDArray[np.object_]) -> NDArray[np.bool_]:
        sound = np.ones(len(self.counts), dtype=bool)
        own = dx[self._parents] == self._stems
        sound[self._parents[own | (codes == "")]] = False
        twice = pd.DataFrame({"row": self._parents, "code": codes}).duplicated().to_numpy()
        sound[self._parents[twice]] = False
        return sound


def lengths(lists: pd.Series) -> Ints:
    """Codes in each list; 0 where there is none."""
    counts = _arrow(lists).value_lengths().fill_null(0)
    plain: Ints = counts.to_numpy(zero_copy_only=False).astype(np.int64)
    return plain


def _arrow(lists: pd.Series) -> pa.ListArray:
    """As one Arrow array, whatever the frame holds."""
    if isinstance(lists.dtype, pd.ArrowDtype):
        values = pa.chunked_array(pa.array(lists.array)).cast(pa.list_(pa.string()))
        return values.combine_chunks()
    plain = [
        None if item is None or item is pd.NA or isinstance(item, float) else list(item)
        for item in lists
    ]
    return pa.array(plain, pa.list_(pa.string()))
