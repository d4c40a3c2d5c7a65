"""The fair discriminator: can boosted trees tell made claims from real ones?

Fair, because it sees only the 13 columns that nothing else determines: a derived column with a
slip in it would give a generator away without saying anything about its claims. The real side are
patients that the generator never saw. .5 is perfect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.insight.realism import columns as c
from claimsim_pipeline.storage.sessions import usable_cores

FOLDS = 5
_MOST_CATEGORIES = 255  # of scikit-learn's histogram trees


def fair_auc(real: pd.DataFrame, made: pd.DataFrame, *, rows: int = 20_000, seed: int = 0) -> float:
    """Out-of-fold AUC of made against real, on equally many rows of both."""
    size = min(len(real), len(made), rows)
    both = [frame.sample(size, random_state=seed) for frame in (real, made)]
    matrix, categorical = design(both[0], both[1], c.FAIR_NUMERIC, c.FAIR_CATEGORICAL)
    label = np.repeat([0, 1], size)
    fold = np.random.default_rng(seed).permutation(2 * size) % FOLDS
    return auroc(label, out_of_fold(matrix, label, fold, categorical, seed))


def design(
    real: pd.DataFrame, made: pd.DataFrame, numeric: tuple[str, ...], categorical: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Both frames below each other as a matrix, and which of its columns are categories."""
    numbers = c.present(numeric, real, made)
    names = c.present(categorical, real, made)
    parts = [np.concatenate([c.numbers(real[n]), c.numbers(made[n])]) for n in numbers]
    parts += [np.concatenate(c.codes(real[n], made[n])).astype(np.float64) for n in names]
    small = [np.nanmax(part) < _MOST_CATEGORIES for part in parts[len(numbers) :]]
    return np.column_stack(parts), np.array([False] * len(numbers) + small)


def out_of_fold(
    matrix: NDArray[np.float64],
    label: NDArray[np.int64],
    fold: NDArray[np.int64],
    categorical: NDArray[np.bool_],
    seed: int = 0,
) -> NDArray[np.float64]:
    """Each row's probability by a model that was not trained on its fold."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    guess = np.empty(len(label))
    with threadpool_limits(max(1, usable_cores() // 2)):  # spinning threads: 30 x slower
        for number in np.unique(fold):
            out = fold == number
            trees = HistGradientBoostingClassifier(
                categorical_features=categorical, max_iter=150, random_state=seed
            )
            trees.fit(matrix[~out], label[~out])
            guess[out] = trees.predict_proba(matrix[out])[:, 1]
    return guess


def auroc(label: NDArray[np.generic], score: NDArray[np.float64]) -> float:
    """Chance that a labelled row scores above an unlabelled one; ties count half; NaN is lowest."""
    positive = np.asarray(label, dtype=bool)
    ones, noughts = int(positive.sum()), int((~positive).sum())
    if not ones or not noughts:
        return float("nan")
    ranks = pd.Series(score).fillna(-np.inf).rank().to_numpy()
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * noughts))
