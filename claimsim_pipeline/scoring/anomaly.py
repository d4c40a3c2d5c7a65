"""The anomaly model as it is used: loaded in a blink, one claim or a million, always the same.

Scikit-learn trains the forest (training.py) and is not needed afterwards: onnxruntime walks the
trees. A claim's score is a function of the claim and the model alone; see forest.py for why it does
not even depend on how many claims are scored at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.errors import ModelUnusable
from claimsim_pipeline.scoring import manifest as kept
from claimsim_pipeline.scoring.manifest import Manifest

_BLOCK = 65_536
"""Rows per call of the runtime: bounds the matrix (about 20 MB) whatever the size of the frame."""

_DECIMALS = 9


class AnomalyModel:
    """An isolation forest with its calibration.

    Attributes:
        manifest: Features, calibration and provenance.
    """

    def __init__(self, manifest: Manifest, trees: bytes) -> None:
        """A model from its two halves; `load` is the usual way in."""
        self.manifest = manifest
        self._session = _session(trees)

    @classmethod
    def load(cls, folder: Path) -> AnomalyModel:
        """The model kept in a folder.

        Raises:
            ModelUnusable: It is missing, damaged or of another version: train it anew.
        """
        return cls(*kept.read(folder))

    @property
    def version(self) -> str:
        """Short hash of the manifest and its trees."""
        return self.manifest.version

    @property
    def features(self) -> tuple[str, ...]:
        """The claim columns that the model reads."""
        return self.manifest.features.columns

    def score(self, claims: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`ml_score` (above 0: anomalous) and `ml_score_normalized` (0..1, line at .7)."""
        blocks = [
            self._ml_score(claims.iloc[start : start + _BLOCK])
            for start in range(0, len(claims), _BLOCK)
        ]
        scores = np.concatenate(blocks) if blocks else np.empty(0)
        return scores, np.round(self.manifest.calibration(scores), _DECIMALS)

    def _ml_score(self, claims: pd.DataFrame) -> NDArray[np.float64]:
        rows, which = _distinct(self.manifest.features.matrix(claims))
        depth = self._session.run(None, {"rows": rows})[0][:, 0].astype(np.float64)
        anomaly = np.exp2(-depth / self.manifest.mean_depth)
        return np.asarray(np.round(anomaly + self.manifest.offset, _DECIMALS))[which]


def _distinct(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Each row once, and which of them every row is.

    Claims come at tariffs: of tens of thousands a third differ in what the model looks at.
    Equal rows are found by a hash, and looked at before they are believed to be equal.
    """
    hashed = pd.util.hash_pandas_object(pd.DataFrame(rows), index=False)
    which, _ = pd.factorize(hashed.to_numpy())
    first = np.flatnonzero(~hashed.duplicated().to_numpy())
    once = rows[first]
    if np.array_equal(once[which], rows):
        return once, which
    return rows, np.arange(len(rows))


def _session(trees: bytes) -> Any:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import (
        Fail,
        InvalidArgument,
        InvalidGraph,
        InvalidProtobuf,
        NotImplemented,
    )

    refusals = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NotImplemented)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(trees, options, providers=["CPUExecutionProvider"])
    except refusals as error:
        raise ModelUnusable(
            "the anomaly model's trees cannot be loaded by onnxruntime "
            f"{onnxruntime.__version__}; retrain it: claimsim refresh-scores"
        ) from error
