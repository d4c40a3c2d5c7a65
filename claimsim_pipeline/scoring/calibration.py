"""From an isolation forest's score to a number between 0 and 1 that means the same tomorrow.

Two straight pieces through three knots, all read off the training population once::

    ml_score   lowest seen ──────── 0 ──────── highest seen
    calibrated       0 ─────────── .7 ──────────── 1

0 is where the forest draws its own line: the share `contamination` (3 %) of the training
population lies above it. So "normalized >= .7" says "among the strangest 3 % of the base", the same
.7 at which a rule speaks. Below the line an ordinary claim stays visibly low (the median of the
reference population is near .15), which a map by quantiles would not do: it would put the median
at .35. Beyond the ends the map is flat. It is monotone, and kept with the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LINE = 0.7


@dataclass(frozen=True)
class Calibration:
    """A monotone piecewise-linear map; `scores` rise strictly, `values` do not fall."""

    scores: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, ml_score: NDArray[np.float64]) -> NDArray[np.float64]:
        """The calibrated score of each score; NaN stays NaN."""
        return np.interp(ml_score, self.scores, self.values)


def calibrate(ml_score: NDArray[np.float64]) -> Calibration:
    """The map of a training population; degenerate populations keep the line at .7."""
    lowest, highest = float(ml_score.min()), float(ml_score.max())
    return Calibration((min(lowest, -1e-6), 0.0, max(highest, 1e-6)), (0.0, LINE, 1.0))
