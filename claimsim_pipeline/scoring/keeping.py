"""Which model scores today: the one that is kept if it fits the base, else a new one, else none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from claimsim_pipeline.errors import ModelUnusable
from claimsim_pipeline.scoring.anomaly import AnomalyModel
from claimsim_pipeline.scoring.training import LEAST_ROWS, train


@dataclass(frozen=True)
class KeptModel:
    """The model to score with, and what a reader of the run should know about it.

    Attributes:
        model: None: rules only.
        trained: Whether it was trained just now.
        notes: In words: why it was trained, which columns it does without, why there is none.
    """

    model: AnomalyModel | None
    trained: bool
    notes: tuple[str, ...]


def current_model(
    folder: Path,
    fingerprint: str,
    base_rows: int,
    read_sample: Callable[[], pd.DataFrame],
    *,
    retrain: bool = False,
) -> KeptModel:
    """The model for a base table, trained and kept if need be.

    Args:
        folder: Where models are kept, `SIM_HOME/models`.
        fingerprint: Of the base table as it is now.
        base_rows: Its size: below 1,000 rows there is no model.
        read_sample: Called only if a model has to be trained.
        retrain: Train even if the kept model fits.
    """
    if base_rows < LEAST_ROWS:
        note = f"rules only: claims_normalized has {base_rows:,} rows, {LEAST_ROWS:,} are needed"
        return KeptModel(None, False, (note,))
    why = "asked for" if retrain else ""
    if not retrain:
        try:
            model = AnomalyModel.load(folder)
        except ModelUnusable as error:
            why = str(error).split(";")[0]
        else:
            if model.manifest.base_fingerprint == fingerprint:
                return KeptModel(model, False, _left_out(model))
            why = "claims_normalized has changed"
    return _trained(folder, fingerprint, read_sample(), why)


def _trained(folder: Path, fingerprint: str, sample: pd.DataFrame, why: str) -> KeptModel:
    if len(sample) < LEAST_ROWS:
        note = f"rules only: {len(sample):,} claims could be sampled, {LEAST_ROWS:,} are needed"
        return KeptModel(None, False, (note,))
    trained = train(sample, base_fingerprint=fingerprint)
    trained.save(folder)
    model = trained.ready()
    return KeptModel(model, True, (f"anomaly model trained: {why}", *_left_out(model)))


def _left_out(model: AnomalyModel) -> tuple[str, ...]:
    missing = model.manifest.features.left_out
    if not missing:
        return ()
    return (f"scored without {', '.join(missing)}: claims_normalized does not have them",)
