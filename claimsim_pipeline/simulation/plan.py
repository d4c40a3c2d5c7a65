"""The plan of a run: when each claim is due, its id, and all of its dice.

A plan is a pure function of its key (a window's key, or the id of an ad hoc
run), the seed and the settings. Nothing below the plan draws a random number:
everything that varies from claim to claim is read off the slot's row of dice,
so that a window comes out the same alone, in a backfill, or after a crash.

A run of more than :data:`BLOCK` claims is planned in blocks that each have
their own dice, so that memory does not grow with the length of the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.frames import TEXT
from claimsim_pipeline.generation.dice import DICE
from claimsim_pipeline.simulation.windows import Window

BLOCK = 100_000
_ID_DIGITS, _HASH_DIGITS = 12, 64
_IDS_OF_A_HASH = _HASH_DIGITS // _ID_DIGITS
_MICROSECOND = 1_000_000


@dataclass(frozen=True)
class RunSpec:
    """What a user may set about a run; units as in the settings.

    Attributes:
        duration_seconds: Length of the run; no claim is due after it.
        interval_seconds: Base gap between claims.
        max_claims: Most claims in the run (in each window, for windows).
        jitter: Share of the interval; a gap is interval x U(1-x, 1+x).
        fraud_ratio: Chance that a claim is fraud.
        fraud_profile: ``demo`` or ``realistic``.
        seed: Fixes everything but ids and times; None: the key alone decides.
        prefix: Of claim ids.
    """

    duration_seconds: float = 300.0
    interval_seconds: float = 10.0
    max_claims: int = 120
    jitter: float = 0.3
    fraud_ratio: float = 0.8
    fraud_profile: str = "demo"
    seed: int | None = None
    prefix: str = "SIM"


@dataclass(frozen=True)
class Plan:
    """Slots that are generated together: one block, or many windows.

    Attributes:
        frame: One row per claim: slot (0..N-1), window (ordinal of the window
            or block), index (within its run or window), window_start (UTC, NaT
            for ad hoc runs), key (``<window key or run id>/<index>``),
            claim_id, due_at (UTC), is_fraud.
        dice: ``(N, DICE)`` uniforms in [0, 1); row i belongs to slot i.
        context_draws: One ``(contexts, seed)`` request per window or block.
    """

    frame: pd.DataFrame
    dice: np.ndarray
    context_draws: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.frame)


def plan_window(window: Window, spec: RunSpec) -> Plan:
    """The claims of one window; the last is due before the window ends."""
    clipped = min(spec.duration_seconds, (window.end - window.start).total_seconds())
    entropy = f"{spec.seed or 0}|{window.key}"
    offsets = due_offsets(replace(spec, duration_seconds=clipped), entropy)
    return _block(_Source(window.key, entropy, window.start, window.start), spec, offsets, first=0)


def plan_run(run_id: str, start: datetime, spec: RunSpec) -> Iterator[Plan]:
    """The blocks of an ad hoc run that begins at ``start`` (aware)."""
    source = _Source(run_id, _run_entropy(run_id, spec), start, None)
    offsets = run_offsets(run_id, spec)
    for first in range(0, len(offsets), BLOCK):
        yield _block(source, spec, offsets[first : first + BLOCK], first)


def run_offsets(run_id: str, spec: RunSpec) -> np.ndarray:
    """Due times of an ad hoc run, in seconds after its start."""
    return due_offsets(spec, _run_entropy(run_id, spec))


def due_offsets(spec: RunSpec, entropy: str) -> np.ndarray:
    """Seconds from the start at which claims are due; the first is 0.

    Duration and number of claims both bind.
    """
    shortest = spec.interval_seconds * (1.0 - spec.jitter)
    most = int(min(spec.max_claims, spec.duration_seconds / shortest + 2))
    uniforms = np.random.default_rng(_sequence(entropy, 0)).random(most)
    gaps = spec.interval_seconds * (1.0 + spec.jitter * (2.0 * uniforms - 1.0))
    offsets = np.concatenate(([0.0], np.cumsum(gaps)))[:most]
    return offsets[offsets < spec.duration_seconds]


def join(plans: Sequence[Plan]) -> Plan:
    """Several plans as one, slots and window ordinals renumbered."""
    frames = [plan.frame.assign(window=n) for n, plan in enumerate(plans)]
    frame = pd.concat(frames, ignore_index=True)
    frame["slot"] = np.arange(len(frame), dtype=np.int64)
    dice = np.concatenate([plan.dice for plan in plans])
    return Plan(frame, dice, tuple(draw for plan in plans for draw in plan.context_draws))


def claim_ids(key: str, indexes: np.ndarray, prefix: str) -> list[str]:
    """``<prefix>-<12 upper-case hex digits>`` of each claim of a window or run.

    A SHA-256 of ``key/n`` has the digits of five claims, those from index ``5 n`` on.
    """
    stem = hashlib.sha256(f"{key}/".encode())
    sheets, which = np.unique(indexes // _IDS_OF_A_HASH, return_inverse=True)
    digits = "".join(_digits(stem, sheet) for sheet in sheets.tolist())
    starts = which * _HASH_DIGITS + indexes % _IDS_OF_A_HASH * _ID_DIGITS
    return [f"{prefix}-{digits[start : start + _ID_DIGITS]}" for start in starts.tolist()]


def _digits(stem: hashlib._Hash, sheet: int) -> str:
    digest = stem.copy()
    digest.update(str(sheet).encode())
    return digest.hexdigest().upper()


@dataclass(frozen=True)
class _Source:
    """Where a block's claims come from: key, dice, first instant, window."""

    key: str
    entropy: str
    start: datetime
    window_start: datetime | None


def _block(source: _Source, spec: RunSpec, offsets: np.ndarray, first: int) -> Plan:
    fraud, dice, contexts = _sequence(source.entropy, 1 + first // BLOCK).spawn(3)
    count = len(offsets)
    indexes = np.arange(first, first + count, dtype=np.int64)
    begins = pd.Timestamp(source.window_start) if source.window_start else pd.NaT
    microseconds = (offsets * _MICROSECOND).astype(np.int64)
    frame = pd.DataFrame(
        {
            "slot": np.arange(count, dtype=np.int64),
            "window": np.zeros(count, dtype=np.int64),
            "index": indexes,
            "window_start": pd.Series(begins, range(count), dtype="datetime64[us, UTC]"),
            "key": _text([f"{source.key}/{index}" for index in indexes.tolist()]),
            "claim_id": _text(claim_ids(source.key, indexes, spec.prefix)),
            "due_at": _instants(source.start, microseconds),
            "is_fraud": np.random.default_rng(fraud).random(count) < spec.fraud_ratio,
        }
    )
    seed = int(contexts.generate_state(1, np.uint64)[0])
    return Plan(frame, np.random.default_rng(dice).random((count, DICE)), ((count, seed),))


def _text(values: list[str]) -> pd.Series:
    return pd.Series(pa.array(values, pa.string()), dtype=TEXT)


def _instants(start: datetime, microseconds: np.ndarray) -> pd.Series:
    due = pd.Timestamp(start).tz_convert("UTC") + pd.to_timedelta(microseconds, unit="us")
    return pd.Series(due).astype("datetime64[us, UTC]")


def _run_entropy(run_id: str, spec: RunSpec) -> str:
    """A given seed fixes everything but ids and times; else the run's id decides."""
    return f"seed|{spec.seed}" if spec.seed is not None else f"run|{run_id}"


def _sequence(entropy: str, block: int) -> np.random.SeedSequence:
    digest = hashlib.sha256(entropy.encode()).digest()
    return np.random.SeedSequence([*np.frombuffer(digest, dtype="<u4").tolist(), block])
