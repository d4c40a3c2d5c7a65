"""The story of a refresh: every claim of the feed gets its ML score anew.

Read in chunks, scored in chunks, written to a Parquet file beside the cache; when that is complete,
the DuckDB table is replaced in one transaction and the file takes the cache's name. Until that
moment readers see the old scores, in both places, and the cache of before stays as `.previous`.
Nothing here decides *whether* to refresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from claimsim_pipeline.errors import ClaimsimError
from claimsim_pipeline.scoring.features import COLUMNS as FEATURES
from claimsim_pipeline.scoring.keeping import KeptModel, current_model
from claimsim_pipeline.scoring.score import score
from claimsim_pipeline.scoring.training import SAMPLE_ROWS, SEED
from claimsim_pipeline.simulation.score_cache import ScoreCache

READ = (
    "claim_id",
    *FEATURES,
    "bpjs_payment_ratio",
    "duplicate_pattern",
)
"""What a refresh reads of a claim: its name, the model's features, and what the rules look at."""

Observer = Callable[[pd.DataFrame], None]


class FeedStore(Protocol):
    """What a refresh asks of the store."""

    def base(self) -> Any:
        """The base table: `rows` and `fingerprint`."""

    def base_sample(self, columns: Sequence[str], *, rows: int, seed: int) -> pd.DataFrame:
        """A uniform seeded sample of the base, those of the columns that it has."""

    def feed_for_scoring(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Every claim of the feed, in chunks, those of the columns that it has."""

    def replace_ml_scores(self, parquet: Path) -> int:
        """Replace the table `claims_ml_scores` by a Parquet file, in one transaction."""


@dataclass(frozen=True)
class RefreshResult:
    """What a refresh did.

    Attributes:
        rows: Claims scored: one row each in the cache and in the table.
        path: The cache.
        model_version: None: rules only.
        trained: Whether the model was trained for it.
        notes: What a reader should know: missing columns, why there is no model.
        seconds: From start to end.
    """

    rows: int
    path: Path
    model_version: str | None
    trained: bool
    notes: tuple[str, ...]
    seconds: float

    def line(self) -> str:
        """The line that `claimsim refresh-scores` prints."""
        return f"Cached {self.rows} rows to {self.path} and DuckDB table 'claims_ml_scores'."

    def metadata(self) -> dict[str, Any]:
        """The same as plain data, for asset metadata."""
        return {
            "rows": self.rows,
            "path": str(self.path),
            "model_version": self.model_version,
            "model_trained": self.trained,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def model_of(store: FeedStore, folder: Path, *, retrain: bool = False) -> KeptModel:
    """The anomaly model for the store's base table, trained and kept if need be.

    Args:
        store: Whose base table it is.
        folder: Where models are kept, `SIM_HOME/models`.
        retrain: Train even if the kept model fits.
    """
    base = store.base()
    return current_model(
        folder,
        base.fingerprint,
        base.rows,
        lambda: store.base_sample(FEATURES, rows=SAMPLE_ROWS, seed=SEED),
        retrain=retrain,
    )


def refresh(
    store: FeedStore,
    *,
    models: Path,
    scores_path: Path,
    observers: Sequence[Observer] = (),
    retrain: bool = False,
) -> RefreshResult:
    """Score every claim of the feed and replace the cache and the table.

    Args:
        store: Where the feed is read and the table is replaced.
        models: Where models are kept.
        scores_path: The Parquet cache.
        observers: Each is shown every scored chunk, read-only.
        retrain: Train the model anew first.

    Raises:
        DiskFull: While writing the cache; the cache and the table of before are untouched.
    """
    began = time.monotonic()
    kept = model_of(store, models, retrain=retrain)
    version = kept.model.version if kept.model else None
    with ScoreCache(scores_path) as cache:
        for claims in store.feed_for_scoring(READ):
            scored = score_chunk(claims, kept)
            cache.add(scored)
            for observe in observers:
                observe(scored)
        store.replace_ml_scores(cache.complete())
        cache.publish()
    return RefreshResult(
        cache.rows, scores_path, version, kept.trained, kept.notes, time.monotonic() - began
    )


def score_chunk(claims: pd.DataFrame, kept: KeptModel) -> pd.DataFrame:
    """The chunk's claims with their scores beside them; scores the feed already had give way."""
    scores = score(claims, kept.model)
    if len(scores) != len(claims):
        raise ClaimsimError(f"{len(claims)} claims came back with {len(scores)} scores")
    own = claims.drop(columns=[name for name in scores.columns if name in claims.columns])
    return pd.concat([scores.reset_index(drop=True), own.reset_index(drop=True)], axis=1)
