"""Secondary diagnoses: how many, and which."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.frames import ARROW_LIST
from claimsim_pipeline.demo.tables import table

_NONE = 0.22  # share of claims without any, of average severity
_MORE = 0.235  # chance of each further one
_MOST = 8
_CHUNK = 100_000


def secondary_counts(claims: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Number of secondary diagnoses; sicker and longer stays have more."""
    level = claims["severity"].to_numpy() - 1
    none = np.clip(_NONE + 0.012 - 0.10 * level, 0.02, 1.0)
    more = np.clip(_MORE + 0.10 * level + 0.01 * np.minimum(claims["los"], 10), 0.0, 0.6)
    counts = 1 + rng.geometric(1 - more) - 1
    counts = np.where(rng.random(len(claims)) < none, 0, np.minimum(counts, _MOST))
    return np.asarray(counts, dtype=np.int64)


def secondary_codes(
    claims: pd.DataFrame, counts: np.ndarray, rng: np.random.Generator
) -> tuple[pa.Array, pa.Array]:
    """Codes and labels: distinct, of the patient's profile, never the primary diagnosis.

    Drawn without replacement by weight: the smallest of exponential clocks.
    """
    known = table("secondary_diagnoses")
    weights = known["weight"].to_numpy(dtype=np.float64)
    allowed = _allowed(claims, known)
    chosen, lengths = [], []
    for start in range(0, len(claims), _CHUNK):
        stop = min(start + _CHUNK, len(claims))
        clocks = rng.exponential(size=(stop - start, len(known))) / weights
        clocks[~allowed(start, stop)] = np.inf
        ranked = np.argsort(clocks, axis=1)[:, :_MOST]
        possible = np.isfinite(np.take_along_axis(clocks, ranked, axis=1)).sum(axis=1)
        wanted = np.minimum(counts[start:stop], possible)
        chosen.append(ranked[np.arange(_MOST) < wanted[:, None]])
        lengths.append(wanted)
    offsets = pa.array(np.concatenate(([0], np.cumsum(np.concatenate(lengths)))).astype(np.int32))
    places = pa.array(np.concatenate(chosen))
    codes, labels = (pa.array(known[name], pa.string()).take(places) for name in ("code", "label"))
    return _lists(offsets, codes), _lists(offsets, labels)


def _lists(offsets: pa.Array, values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(offsets, values).cast(ARROW_LIST)


def _allowed(claims: pd.DataFrame, known: pd.DataFrame) -> Callable[[int, int], np.ndarray]:
    """Which diagnoses may stand beside which claims, for a range of claims."""
    profiles = claims["profile"].to_numpy(dtype=object)
    primary = claims["dx"].to_numpy(dtype=object)
    category = known["code"].str[:3].to_numpy(dtype=object)
    of = known["profile"].to_numpy(dtype=object)

    def fits(start: int, stop: int) -> np.ndarray:
        profile = profiles[start:stop, None]
        same = (of == "any") | ((of == "adult") & (profile != "newborn")) | (of == profile)
        return np.asarray(same & (category != primary[start:stop, None]))

    return fits
