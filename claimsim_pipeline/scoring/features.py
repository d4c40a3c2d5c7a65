"""What the anomaly model looks at, and how a claim becomes a row of numbers.

A feature set is learnt once, from the training population, and kept with the model: which columns
there are, what stands in for a missing number, which categories have a column of their own. After
that a claim's numbers depend on nothing but the claim: a category nobody has seen is all zeros, a
missing number is the kept constant. Never anything computed from the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from claimsim_pipeline.errors import ModelUnusable

NUMERIC = (
    "los",
    "amount_claimed",
    "amount_paid",
    "amount_gap",
    "comorbidity_count",
    "peer_mean",
    "peer_p90",
    "cost_zscore",
)
CATEGORICAL = ("severity_group", "facility_class", "province_name", "service_type")
COLUMNS = NUMERIC + CATEGORICAL

_NOUGHT = frozenset({"los", "amount_gap", "comorbidity_count", "cost_zscore"})
"""Missing means none of it (no comorbidity, no spread); elsewhere the median stands in."""

_LIMIT = float(np.finfo(np.float32).max)
_MOST_CATEGORIES = 64


@dataclass(frozen=True)
class FeatureSet:
    """The columns of the matrix, in order: numbers first, then one column per category.

    Attributes:
        fills: Number column -> the constant that stands in where it is missing.
        categories: Text column -> its categories, one 0/1 column each.
    """

    fills: Mapping[str, float]
    categories: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The claim columns that are read."""
        return (*self.fills, *self.categories)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns of the full model that this base does not have."""
        return tuple(name for name in COLUMNS if name not in self.columns)

    @property
    def width(self) -> int:
        """How many columns the matrix has."""
        return len(self.fills) + sum(len(names) for names in self.categories.values())

    def matrix(self, claims: pd.DataFrame) -> NDArray[np.float32]:
        """One row of numbers per claim.

        Raises:
            ModelUnusable: The claims lack a column that the model was trained on.
        """
        missing = [name for name in self.columns if name not in claims.columns]
        if missing:
            raise ModelUnusable(
                f"the anomaly model was trained on {', '.join(missing)}, which these claims do not "
                "have; retrain it: claimsim refresh-scores"
            )
        out = np.zeros((len(claims), self.width), dtype=np.float32)
        for column, (name, fill) in enumerate(self.fills.items()):
            out[:, column] = _numbers(claims[name], fill)
        self._one_hot(claims, out)
        return out

    def _one_hot(self, claims: pd.DataFrame, out: NDArray[np.float32]) -> None:
        first = len(self.fills)
        for name, known in self.categories.items():
            texts = pa.array(claims[name].astype("str"), pa.string(), from_pandas=True)
            found = pc.index_in(texts, value_set=pa.array(known, pa.string()))
            codes = found.fill_null(-1).to_numpy(zero_copy_only=False)
            rows = np.flatnonzero(codes >= 0)
            out[rows, first + codes[rows]] = 1.0
            first += len(known)


def learn(sample: pd.DataFrame) -> FeatureSet:
    """The feature set of a training population; columns it lacks (or has all NULL) are left out."""
    there = [name for name in COLUMNS if name in sample.columns and sample[name].notna().any()]
    fills = {name: _fill(name, sample[name]) for name in there if name in NUMERIC}
    categories = {name: _categories(sample[name]) for name in there if name in CATEGORICAL}
    return FeatureSet(fills, categories)


def _numbers(column: pd.Series, fill: float) -> NDArray[np.float64]:
    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_numeric(column, errors="coerce")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.nan_to_num(values, nan=fill, posinf=_LIMIT, neginf=-_LIMIT)
    return np.asarray(np.clip(known, -_LIMIT, _LIMIT), dtype=np.float64)


def _fill(name: str, column: pd.Series) -> float:
    if name in _NOUGHT:
        return 0.0
    return float(np.median(_numbers(column.dropna(), 0.0)))


def _categories(column: pd.Series) -> tuple[str, ...]:
    """The most frequent categories, by name; the tail of a free-text column has no column."""
    counts = column.dropna().astype(str).value_counts()
    ranked = counts.rename_axis("name").reset_index().sort_values(["count", "name"])
    return tuple(sorted(ranked["name"].tail(_MOST_CATEGORIES)))
