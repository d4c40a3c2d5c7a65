"""All realism figures of one generator on one pair of profiles, from frames alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.insight.realism.detect import Detectability, detectability
from claimsim_pipeline.insight.realism.discriminator import fair_auc
from claimsim_pipeline.insight.realism.privacy import Privacy, privacy
from claimsim_pipeline.insight.realism.quality import Quality, quality
from claimsim_pipeline.insight.realism.signals import signals


@dataclass(frozen=True)
class Realism:
    """How real honest claims look, and whom they disclose.

    Attributes:
        quality: Against patients the generator never saw.
        fair_auc: Of the discriminator, against the same.
        privacy: Distances and identifiers.
        contradictions: Violations of each invariant that has any; over all claims.
        fully_paid: Share paid in full: made minus base.
    """

    quality: Quality
    fair_auc: float
    privacy: Privacy
    contradictions: dict[str, int]
    fully_paid: float


def realism(
    claims: pd.DataFrame, fraud: np.ndarray, train: pd.DataFrame, holdout: pd.DataFrame
) -> Realism:
    """Measure a set of simulated claims: the honest ones, and the invariants on all."""
    honest = claims[~fraud]
    return Realism(
        quality=quality(holdout, honest),
        fair_auc=fair_auc(holdout, honest),
        privacy=privacy(train, holdout, honest),
        contradictions=contradictions(claims, train),
        fully_paid=_fully_paid(honest) - _fully_paid(pd.concat([train, holdout])),
    )


def ceiling(train: pd.DataFrame, holdout: pd.DataFrame) -> tuple[Quality, float]:
    """What other real patients reach: quality and fair AUC of the known rows as if made."""
    return quality(holdout, train), fair_auc(holdout, train)


def detection(
    claims: pd.DataFrame, truth: pd.DataFrame, base: pd.DataFrame, timezone: str
) -> Detectability:
    """How hard the fraud is to find; `truth` has `is_fraud`, `fraud_scenario`, rows as `claims`."""
    fraud = truth["is_fraud"].to_numpy(dtype=bool)
    signs = signals(claims, base, timezone=timezone)
    return detectability(claims, fraud, truth["fraud_scenario"], signs)


def contradictions(claims: pd.DataFrame, base: pd.DataFrame) -> dict[str, int]:
    """Invariant -> violations, for those that have any."""
    checked = check_frames(claims, base)
    broken = checked[checked["violations"] > 0]
    return dict(zip(broken["id"], broken["violations"].astype(int), strict=True))


def _fully_paid(claims: pd.DataFrame) -> float:
    return float((claims["amount_paid"] >= claims["amount_claimed"]).mean())
