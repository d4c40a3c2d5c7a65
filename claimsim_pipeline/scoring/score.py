"""How suspicious claims look: rules and model, computed from the columns alone.

A claim's scores do not depend on the claims scored beside it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.scoring.rules import RULESET, score_rules


class Anomaly(Protocol):
    """What the score asks of an anomaly model."""

    @property
    def version(self) -> str:
        """Names the model beside the scores it gave."""

    def score(self, claims: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``ml_score`` (> 0: anomalous) and ``ml_score_normalized`` (0..1) of each claim."""


def score(claims: pd.DataFrame, model: Anomaly | None = None) -> pd.DataFrame:
    """Score claims.

    Args:
        claims: Contract columns, at least claim_id and what the rules look at.
        model: The anomaly model; None: rules only, and the ML columns are NULL.

    Returns:
        claim_id, flags, rule_score, ml_score, ml_score_normalized, risk_score
        (the larger of rule_score and ml_score_normalized), ruleset_version and
        model_version, indexed like the claims.
    """
    ruled = score_rules(claims)
    unknown = np.full(len(claims), np.nan)
    ml_score, normalized = (unknown, unknown) if model is None else model.score(claims)
    version = None if model is None else model.version
    return pd.DataFrame(
        {
            "claim_id": claims["claim_id"],
            "flags": ruled["flags"],
            "rule_score": ruled["rule_score"],
            "ml_score": ml_score,
            "ml_score_normalized": normalized,
            "risk_score": np.fmax(ruled["rule_score"].to_numpy(), normalized),
            "ruleset_version": RULESET.version,
            "model_version": pd.Series([version] * len(claims), index=claims.index, dtype="str"),
        },
        index=claims.index,
    )
