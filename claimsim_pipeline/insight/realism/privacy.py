"""Privacy: are made claims closer to the claims they were learnt from than to anybody else's?

Distance is Gower's: the mean over the 13 fair columns of 0/1 for categories and of the difference
in rank for numbers (0..1). A row within .02 of a base row agrees with it in every category.
The holdout, patients the generator never saw, tells how close chance alone brings rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.insight.realism import columns as c

NEAR = 0.02
_BLOCK = 256
_IDENTIFIERS = ("patient_key", "family_key", "patient_id_hash", "family_id_hash", "claim_id")


@dataclass(frozen=True)
class Privacy:
    """Shares of made rows.

    Attributes:
        near_train: Within .02 of a row the generator knew.
        near_holdout: Share of holdout rows within .02 of a row the generator knew.
        closer_to_train: Whose nearest known row is nearer than the nearest holdout row; ties half.
        overlap: Identifiers (patients, families, claims) that occur in the base too.
    """

    near_train: float
    near_holdout: float
    closer_to_train: float
    overlap: int


def privacy(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    made: pd.DataFrame,
    *,
    rows: int = 3_000,
    seed: int = 0,
) -> Privacy:
    """Measure a sample of made rows against equally many known and unknown real rows."""
    size = min(len(train), len(holdout))
    known, other = (f.sample(size, random_state=seed) for f in (train, holdout))
    some = made.sample(min(rows, len(made)), random_state=seed)
    probe = holdout.sample(min(rows, len(holdout)), random_state=seed)
    to_known, to_other = _nearest(known, known, some), _nearest(known, other, some)
    closer = (to_known < to_other).mean() + (to_known == to_other).mean() / 2
    return Privacy(
        near_train=float((_nearest(train, train, some) <= NEAR).mean()),
        near_holdout=float((_nearest(train, train, probe) <= NEAR).mean()),
        closer_to_train=float(closer),
        overlap=_overlap(pd.concat([train, holdout]), made),
    )


def _nearest(
    scale: pd.DataFrame, reference: pd.DataFrame, rows: pd.DataFrame
) -> NDArray[np.float32]:
    """Each row's distance to the nearest reference row; numbers are ranked among `scale`."""
    numeric = c.present(c.FAIR_NUMERIC, reference, rows)
    categorical = c.present(c.FAIR_CATEGORICAL, reference, rows)
    ranks = [_ranks(scale[n], reference[n], rows[n]) for n in numeric]
    cells = [c.codes(reference[n], rows[n]) for n in categorical]
    width = np.float32(len(ranks) + len(cells))
    best = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        total = np.zeros((len(best[part]), len(reference)), dtype=np.float32)
        for there, here in cells:
            total += here[part, None].astype(np.int32) != there[None, :].astype(np.int32)
        for there_rank, here_rank in ranks:
            total += np.abs(here_rank[part, None] - there_rank[None, :])
        best[part] = total.min(axis=1) / width
    return best


def _ranks(
    scale: pd.Series, reference: pd.Series, rows: pd.Series
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    order = np.sort(c.numbers(scale))
    there, here = (
        np.searchsorted(order, c.numbers(each)) / len(order) for each in (reference, rows)
    )
    return there.astype(np.float32), here.astype(np.float32)


def _overlap(base: pd.DataFrame, made: pd.DataFrame) -> int:
    shared = 0
    for name in c.present(_IDENTIFIERS, base, made):
        shared += int(made[name].dropna().isin(base[name].dropna().unique()).sum())
    return shared
