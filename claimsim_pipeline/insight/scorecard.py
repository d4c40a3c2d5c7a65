"""Planted, caught, false alarms: the answer sheet held against the scores.

The only reader of the truth besides the realism figures. It computes no score and changes none; it
counts, for a run or for the whole stream, how many of the planted frauds were scored at or above
the alarm line, and how many honest claims were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

ALARM = 0.7
HONEST = "honest"


@dataclass(frozen=True)
class Tally:
    """Counts of one group of claims (a scenario, a service type, or all)."""

    name: str
    claims: int
    planted: int
    caught: int
    false_alarms: int

    @property
    def honest(self) -> int:
        """Claims without a plant."""
        return self.claims - self.planted

    @property
    def caught_share(self) -> float | None:
        """Of the planted ones; None if none were."""
        return self.caught / self.planted if self.planted else None

    def __str__(self) -> str:
        """The counts as one line."""
        alarms = "false alarm" if self.false_alarms == 1 else "false alarms"
        return f"{self.planted:,} planted, {self.caught:,} caught, {self.false_alarms:,} {alarms}"


@dataclass(frozen=True)
class Scorecard:
    """The counts of a run or of the whole stream.

    Attributes:
        total: Over all claims.
        by_scenario: One per scenario that occurs; honest claims under `honest`, last.
        by_service: One per service type that occurs.
    """

    total: Tally
    by_scenario: tuple[Tally, ...]
    by_service: tuple[Tally, ...]

    def line(self) -> str:
        """For example `24 planted, 23 caught, 0 false alarms`."""
        return str(self.total)

    def metadata(self) -> dict[str, Any]:
        """The same as plain data, for asset metadata and JSON."""
        return {
            **asdict(self.total),
            "line": self.line(),
            "by_scenario": [asdict(tally) for tally in self.by_scenario],
            "by_service": [asdict(tally) for tally in self.by_service],
        }


class RunningScorecard:
    """The scorecard of a run that is under way: shown every publication, as a listener."""

    def __init__(self) -> None:
        """A scorecard of no claims yet."""
        self._seen: list[pd.DataFrame] = []

    @classmethod
    def of(cls, listeners: list[Callable[[pd.DataFrame, datetime], None]]) -> RunningScorecard:
        """One that has joined the listeners of a run."""
        card = cls()
        listeners.append(card)
        return card

    def __call__(self, published: pd.DataFrame, at: datetime) -> None:
        """Take what one publication inserted into account."""
        del at
        self.add(published)

    def add(self, claims: pd.DataFrame) -> None:
        """Take scored claims with their truth into account."""
        if len(claims):
            self._seen.append(claims.loc[:, list(_COUNTED)])

    def total(self) -> Scorecard:
        """The scorecard of all claims so far; there must be some."""
        return scorecard(pd.concat(self._seen, ignore_index=True))


_COUNTED = ("is_fraud", "fraud_scenario", "risk_score", "service_type")


def scorecard(claims: pd.DataFrame, *, alarm: float = ALARM) -> Scorecard:
    """Count a frame of claims.

    Args:
        claims: One row per claim with `is_fraud`, `fraud_scenario`, `risk_score` and
            `service_type`: truth, scores and stream joined by claim_id.
        alarm: The risk score from which a claim counts as caught.
    """
    fraud = claims["is_fraud"].to_numpy(dtype=bool, na_value=False)
    alarmed = claims["risk_score"].to_numpy(dtype=np.float64, na_value=0.0) >= alarm
    facts = pd.DataFrame(
        {"claims": 1, "planted": fraud, "caught": fraud & alarmed, "false": ~fraud & alarmed}
    ).astype(np.int64)
    scenario = claims["fraud_scenario"].astype(object).where(fraud, HONEST).fillna("unnamed")
    service = claims["service_type"].astype(object).fillna("unknown")
    return Scorecard(
        _tally("all", facts.sum()),
        tuple(
            sorted(_groups(facts, scenario), key=lambda tally: (tally.name == HONEST, tally.name))
        ),
        _groups(facts, service),
    )


def joined(truth: pd.DataFrame, scores: pd.DataFrame, stream: pd.DataFrame) -> pd.DataFrame:
    """Truth, scores and stream as the frame that `scorecard` counts: claims all three hold."""
    sheet = truth[["claim_id", "run_id", "window_start", "is_fraud", "fraud_scenario"]]
    marks = scores[["claim_id", "risk_score"]]
    kinds = stream[["claim_id", "service_type"]]
    return sheet.merge(marks, on="claim_id").merge(kinds, on="claim_id")


def _groups(facts: pd.DataFrame, names: pd.Series) -> tuple[Tally, ...]:
    sums = facts.groupby(names.to_numpy(dtype=object), sort=True).sum()
    return tuple(_tally(str(name), row) for name, row in sums.iterrows())


def _tally(name: str, row: pd.Series) -> Tally:
    return Tally(
        name, int(row["claims"]), int(row["planted"]), int(row["caught"]), int(row["false"])
    )
