"""How the anomaly model is made: a bounded sample in, a kept model out.

The only place that imports scikit-learn, and only when a model has to be trained: for the first
time, because the base table changed, or because somebody asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.errors import ScoringError
from claimsim_pipeline.scoring import manifest as kept
from claimsim_pipeline.scoring.anomaly import AnomalyModel
from claimsim_pipeline.scoring.calibration import calibrate
from claimsim_pipeline.scoring.features import FeatureSet, learn
from claimsim_pipeline.scoring.forest import average_depth, to_onnx
from claimsim_pipeline.scoring.manifest import Manifest

TREES = 200
CONTAMINATION = 0.03
ROWS_PER_TREE = 256
SEED = 20_260_101
SAMPLE_ROWS = 60_000
LEAST_ROWS = 1_000


@dataclass(frozen=True)
class TrainedModel:
    """A model that exists in memory only."""

    manifest: Manifest
    trees: bytes

    def save(self, folder: Path) -> None:
        """Keep it in a folder, replacing the model there."""
        kept.write(folder, self.manifest, self.trees)

    def ready(self) -> AnomalyModel:
        """The model, ready to score."""
        return AnomalyModel(self.manifest, self.trees)


def train(sample: pd.DataFrame, *, base_fingerprint: str = "", seed: int = SEED) -> TrainedModel:
    """Train on a sample of the base and calibrate on it.

    The same sample gives the same model, byte for byte.

    Raises:
        ScoringError: Fewer than 1,000 rows, or none of the model's columns.
    """
    features = learn(sample)
    if len(sample) < LEAST_ROWS or not features.columns:
        raise ScoringError(
            f"{len(sample):,} claims with {len(features.columns)} usable columns are too few to "
            f"train the anomaly model ({LEAST_ROWS:,} needed); claims are scored by rules only"
        )
    return _fit(features, features.matrix(sample), base_fingerprint, seed)


def _fit(
    features: FeatureSet, rows: NDArray[np.float32], base_fingerprint: str, seed: int
) -> TrainedModel:
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(
        n_estimators=TREES, contamination=CONTAMINATION, max_samples=ROWS_PER_TREE,
        random_state=seed,
    )  # fmt: skip
    forest.fit(rows)
    trees = to_onnx(forest, features.width)
    scores = -forest.decision_function(rows)
    manifest = Manifest(
        features=features,
        calibration=calibrate(np.round(scores, 6)),
        offset=float(forest.offset_),
        mean_depth=TREES * float(average_depth(np.array([ROWS_PER_TREE]))[0]),
        trees=TREES,
        contamination=CONTAMINATION,
        trained_rows=len(rows),
        base_fingerprint=base_fingerprint,
        trees_sha256=kept.checksum(trees),
    )
    return TrainedModel(manifest, trees)
