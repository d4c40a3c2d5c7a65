"""Quality: do single columns and pairs of columns look like the real ones?

The scores are those of SDMetrics' quality report (docs/realism.md): 1 is the same distribution.
Numbers are compared by 1 - Kolmogorov-Smirnov distance, categories by 1 - total variation distance;
pairs of numbers by their correlations, all other pairs by the total variation distance of
their joint frequencies, numbers cut at the real deciles.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.insight.realism import columns as c

_BINS = 10


@dataclass(frozen=True)
class Quality:
    """The mean of both scores, and what they are made of.

    Attributes:
        shapes: Score of each column.
        pairs: Score of each pair, by `left × right`.
    """

    shapes: dict[str, float]
    pairs: dict[str, float]

    @property
    def shape(self) -> float:
        """Mean over columns."""
        return float(np.mean(list(self.shapes.values())))

    @property
    def pair(self) -> float:
        """Mean over pairs."""
        return float(np.mean(list(self.pairs.values())))

    @property
    def overall(self) -> float:
        """Mean of both."""
        return (self.shape + self.pair) / 2

    def worst(self, count: int = 3) -> str:
        """The columns that look least real, in words."""
        ranked = sorted(self.shapes.items(), key=lambda item: item[1])[:count]
        return ", ".join(f"{name} {score:.3f}" for name, score in ranked)


def quality(real: pd.DataFrame, made: pd.DataFrame) -> Quality:
    """Compare made claims with real ones, over the columns that both have."""
    numeric = c.present(c.NUMERIC, real, made)
    categorical = c.present(c.CATEGORICAL, real, made)
    shapes = {n: _ks(c.numbers(real[n]), c.numbers(made[n])) for n in numeric}
    cells = {n: c.codes(real[n], made[n]) for n in categorical}
    shapes |= {n: _tvd(a, b) for n, (a, b) in cells.items()}
    cells |= {n: c.bins(_BINS, real[n], made[n]) for n in numeric}
    pairs = {}
    for left, right in combinations([*numeric, *categorical], 2):
        name = f"{left} × {right}"
        if left in numeric and right in numeric:
            pairs[name] = _correlation(real[[left, right]], made[[left, right]])
        else:
            pairs[name] = _contingency(cells[left], cells[right])
    return Quality(shapes, pairs)


def _ks(real: NDArray[np.float64], made: NDArray[np.float64]) -> float:
    real, made = np.sort(real[~np.isnan(real)]), np.sort(made[~np.isnan(made)])
    if not len(real) or not len(made):
        return float(len(real) == len(made))
    at = np.concatenate([real, made])
    below_real = np.searchsorted(real, at, side="right") / len(real)
    below_made = np.searchsorted(made, at, side="right") / len(made)
    return 1.0 - float(np.abs(below_real - below_made).max())


def _tvd(real: NDArray[np.int64], made: NDArray[np.int64]) -> float:
    _, cells = np.unique(np.concatenate([real, made]), return_inverse=True)
    size = int(cells.max()) + 1
    first = np.bincount(cells[: len(real)], minlength=size) / len(real)
    second = np.bincount(cells[len(real) :], minlength=size) / len(made)
    return 1.0 - float(np.abs(first - second).sum()) / 2


def _correlation(real: pd.DataFrame, made: pd.DataFrame) -> float:
    rho = [_pearson(*(c.numbers(f[n]) for n in f.columns)) for f in (real, made)]
    return 1.0 - abs(rho[0] - rho[1]) / 2


def _pearson(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    known = ~(np.isnan(left) | np.isnan(right))
    left, right = left[known], right[known]
    if len(left) < 2 or left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _contingency(left: list[NDArray[np.int64]], right: list[NDArray[np.int64]]) -> float:
    span = int(max(side.max() for side in right)) + 1
    real, made = (a * span + b for a, b in zip(left, right, strict=True))
    return _tvd(real, made)
