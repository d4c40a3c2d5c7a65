"""A refresh with its quality snapshot: what both doors, command line and Dagster, call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from claimsim_pipeline.insight.quality_snapshot import QualityTally
from claimsim_pipeline.simulation.refresh import FeedStore, RefreshResult, refresh

TOP_K = 50


@dataclass(frozen=True)
class Refreshed:
    """What the refresh did, and where its snapshot lies."""

    result: RefreshResult
    snapshot: Path
    summary: dict[str, Any]

    def metadata(self) -> dict[str, Any]:
        """Plain data, for asset metadata."""
        return {**self.result.metadata(), "snapshot": str(self.snapshot), "summary": self.summary}


def refresh_scores(
    store: FeedStore,
    *,
    home: Path,
    scores_path: Path,
    now: datetime,
    top_k: int = TOP_K,
    retrain: bool = False,
) -> Refreshed:
    """Refresh all ML scores and write the quality snapshot.

    Args:
        store: The database.
        home: `SIM_HOME`: models go to `models/`, snapshots to `logs/`.
        scores_path: `SIM_SCORES_PATH`.
        now: Of the snapshot.
        top_k: How many of the riskiest claims it shows.
        retrain: Train the model anew first.
    """
    tally = QualityTally(top_k)
    result = refresh(
        store,
        models=home / "models",
        scores_path=scores_path,
        observers=[tally],
        retrain=retrain,
    )
    snapshot = tally.write(home / "logs", now)
    return Refreshed(result, snapshot, tally.snapshot(now)["summary"])
