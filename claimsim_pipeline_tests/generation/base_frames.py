"""What storage would read from a base table, built from a frame with plain pandas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

import numpy as np
import pandas as pd

from claimsim_pipeline.claims.columns import CASE_BLOCK, COLUMNS, FACILITY_BLOCK, FREE
from claimsim_pipeline.claims.reference import BaseColumn, Reference
from claimsim_pipeline.generation.dice import DICE
from claimsim_pipeline.generation.secondary import LIST

_PEER = ["dx_primary_code", "severity_group", "facility_class", "province_name"]


Made = TypeVar("Made")


def once(make: Callable[[pd.DataFrame], Made]) -> Callable[[pd.DataFrame], Made]:
    """Made once of a frame; frames cannot be hashed, so it is kept with what was made of it."""
    kept: dict[int, tuple[pd.DataFrame, Made]] = {}

    @wraps(make)
    def made(base: pd.DataFrame) -> Made:
        if id(base) not in kept:
            kept[id(base)] = base, make(base)
        return kept[id(base)][1]

    return made


@once
def complete(base: pd.DataFrame) -> pd.DataFrame:
    """Blocks with their keys and the free columns; NULL where the base lacks a column."""
    wanted = [*FACILITY_BLOCK, *CASE_BLOCK, *FREE]
    full = base.reindex(columns=wanted)
    if "dx_secondary_codes" not in base:
        full["dx_secondary_codes"] = pd.Series([None] * len(full), dtype=LIST, index=full.index)
    for name in wanted:
        if COLUMNS[name].type == "VARCHAR":
            full[name] = full[name].astype("str")
    full["facility_key"] = _key(full, FACILITY_BLOCK)
    full["case_key"] = _key(full, CASE_BLOCK)
    return full.reset_index(drop=True)


@once
def reference_from(base: pd.DataFrame) -> Reference:
    """A reference whose donors are all rows."""
    full = complete(base)
    rate = float(base["duplicate_pattern"].mean()) if "duplicate_pattern" in base else 0.0
    return Reference(
        columns=tuple(BaseColumn(n, COLUMNS[n].type if n in COLUMNS else "VARCHAR") for n in base),
        donors=full[["facility_key", "case_key", *FREE]],
        facilities=full.drop_duplicates("facility_key")[["facility_key", *FACILITY_BLOCK]],
        cases=full.drop_duplicates("case_key")[["case_key", *CASE_BLOCK]],
        peers=_peers(base),
        secondary_labels={},
        duplicate_rate=rate,
    )


def contexts_from(base: pd.DataFrame, count: int, seed: int = 0) -> pd.DataFrame:
    """Rows drawn with replacement, as the store's contexts."""
    drawn = np.random.default_rng(seed).integers(0, len(base), count)
    contexts = complete(base).iloc[drawn].reset_index(drop=True)
    contexts.insert(0, "draw", 0)
    contexts.insert(1, "slot", np.arange(count))
    return contexts


def slots_of(counts: Sequence[int], ratio: float, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """A plan's frame and dice: windows of so many claims, each with its own dice."""
    frames, dice = [], []
    for window, count in enumerate(counts):
        rng = np.random.default_rng([seed, window])
        start = pd.Timestamp("2026-01-05T01:00:00Z") + pd.Timedelta(minutes=30 * window)
        frames.append(
            pd.DataFrame(
                {
                    "window": window,
                    "index": np.arange(count),
                    "window_start": start,
                    "key": [f"w{window}/{i}" for i in range(count)],
                    "claim_id": [f"SIM-{window:04X}{i:08X}" for i in range(count)],
                    "due_at": start + pd.to_timedelta(np.arange(count) * 10, unit="s"),
                    "is_fraud": rng.random(count) < ratio,
                }
            )
        )
        dice.append(rng.random((count, DICE)))
    frame = pd.concat(frames, ignore_index=True)
    frame.insert(0, "slot", np.arange(len(frame)))
    frame["due_at"] = frame["due_at"].astype("datetime64[us, UTC]")
    return frame, np.concatenate(dice)


def _key(full: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    return pd.util.hash_pandas_object(full[list(names)].astype(str), index=False).to_numpy()


def _peers(base: pd.DataFrame) -> pd.DataFrame:
    """The base's own statistics where it has them, else computed."""
    grouped = base.groupby(_PEER)["amount_claimed"]
    if "peer_p90" in base:
        grouped = base.groupby(_PEER)
        peers = grouped[["peer_mean", "peer_p90", "peer_std"]].first()
        peers = peers.assign(peer_size=grouped.size()).reset_index()
        return _keyed(peers)
    peers = pd.DataFrame(
        {
            "peer_mean": grouped.mean(),
            "peer_p90": grouped.quantile(0.9),
            "peer_std": grouped.std(ddof=0),
            "peer_size": grouped.size(),
        }
    ).reset_index()
    return _keyed(peers)


def _keyed(peers: pd.DataFrame) -> pd.DataFrame:
    keys = peers[_PEER].astype(str).agg("|".join, axis=1)
    peers.insert(0, "peer_key", keys.astype("str"))
    return peers.drop(columns=_PEER)
