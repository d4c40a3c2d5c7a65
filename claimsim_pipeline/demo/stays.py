"""Lengths of stay, after the population's complete histogram."""

from __future__ import annotations

import numpy as np
import pandas as pd

_HISTOGRAM = np.array(
    [2265, 21390, 38184, 31351, 17651, 9594, 5494, 3298, 1950, 1315, 979, 708, 513, 389, 313]
    + [255, 215, 180, 150, 125, 95, 80, 66, 57, 50, 45, 40, 36, 32, 27, 20]
    + [18] * 8
    + [8] * 10,
    dtype=np.float64,
)
"""Inpatients by days, 0 upwards; beyond 14 days the published classes are spread out."""
_LONGER = {2: 1.0, 3: 1.25, 4: 1.6}
"""Stays lengthen with the severity level."""


def lengths_of_stay(claims: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Days for each claim: 0 for outpatients."""
    cumulative = np.cumsum(_HISTOGRAM) / _HISTOGRAM.sum()
    pull = claims["stay"].to_numpy() * claims["severity"].map(_LONGER).fillna(1.0).to_numpy()
    uniform = rng.random(len(claims)) ** (1.0 / np.maximum(pull, 0.3)) ** 0.85
    days = np.searchsorted(cumulative, uniform, side="right")
    days = np.minimum(days, len(_HISTOGRAM) - 1)
    return np.where(claims["service"] == "RITL", days, 0).astype(np.int64)
