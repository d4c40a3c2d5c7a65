"""What a model got wrong in numbers and lists, put right where that is deterministic.

Every repair has a name and is counted. The bounds of the brief hold in any
case; amounts become tariffs that the base has, as near as possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.generation.atlas import Atlas
from claimsim_pipeline.generation.bounds import AMOUNTS
from claimsim_pipeline.generation.shelf import Floats, Ints, climb

_STEM = 3
_MOST_CODES = 20
_LAST = float(np.nextafter(1.0, 0.0))
_CONTROL_FREE = 64  # characters of a flag's name that are kept
_MOST_FLAGS = 10


def stays(wanted: Sequence[int], told: pd.DataFrame, repairs: Counter[str]) -> Ints:
    """Stays within the bounds; outpatients' bounds are 0."""
    low, high = (told[name].to_numpy(dtype=np.int64) for name in ("los_min", "los_max"))
    written = np.array(wanted, dtype=np.int64)
    right = np.clip(written, low, high)
    _count(repairs, "los_out_of_bounds", right != written)
    return right


def amounts(
    wanted: Sequence[float], told: pd.DataFrame, atlas: Atlas, repairs: Counter[str]
) -> Floats:
    """The nearest tariff of the base within the bounds, else the amount rounded to its grid."""
    low, high = (told[name].to_numpy(dtype=np.float64) for name in ("amount_min", "amount_max"))
    written, grid = np.array(wanted, dtype=np.float64), float(atlas.rows.grid)
    rounded = np.round(written / grid) * grid
    _count(repairs, "amount_rounded", rounded != written)
    bounded = np.clip(rounded, low, high)
    _count(repairs, "amount_out_of_bounds", bounded != rounded)
    right = _nearest_tariff(bounded, low, high, told, atlas)
    _count(repairs, "amount_no_tariff", right != bounded)
    return right


def _nearest_tariff(
    wanted: Floats, low: Floats, high: Floats, told: pd.DataFrame, atlas: Atlas
) -> Floats:
    keys = [told[name].to_numpy(dtype=np.uint64) for name in ("facility_key", "case_key")]
    rungs = atlas.rows.rungs("amount", atlas.spot(*keys), AMOUNTS)
    below = climb(rungs, np.full(len(wanted), _LAST), low, wanted)
    above = climb(rungs, np.zeros(len(wanted)), wanted, high)
    under = np.where(below < 0, -np.inf, atlas.rows.amount[below])
    over = np.where(above < 0, np.inf, atlas.rows.amount[above])
    nearest = np.where(wanted - under <= over - wanted, under, over)
    return np.where(np.isfinite(nearest), nearest, wanted)


def payments(
    wanted: Sequence[float],
    claimed: Floats,
    written_claims: Sequence[float],
    offline: tuple[Floats, Floats],
    repairs: Counter[str],
) -> Floats:
    """Paid in full as often as the base is; the model decides how far a cut goes.

    Args:
        wanted: What the model wrote.
        claimed: After repair.
        written_claims: Before it.
        offline: Claimed and paid as the offline generator would have them.
        repairs: Counted here.
    """
    written = np.array(wanted, dtype=np.float64)
    before = np.array(written_claims, dtype=np.float64)
    _count(repairs, "paid_more_than_claimed", written > before)
    cut = offline[1] < offline[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = np.where(before > 0, written / before, 1.0)
        ours = np.where(offline[0] > 0, offline[1] / offline[0], 1.0)
    sensible = (theirs >= 0.0) & (theirs < 1.0)
    ratio = np.where(~cut, 1.0, np.where(sensible, theirs, ours))
    _count(repairs, "payment_ratio", ratio != theirs)
    hundred = 100.0
    paid = np.floor(claimed * ratio / hundred) * hundred
    return np.where(ratio < 1.0, np.clip(paid, 0.0, claimed), claimed)


def secondary(
    written: Sequence[str],
    dx: str,
    bounds: tuple[int, int],
    known: frozenset[str],
    repairs: Counter[str],
) -> list[str] | None:
    """Known codes, none twice, none of the primary diagnosis' category.

    Returns:
        The codes, or None if too few are left for the brief.
    """
    right: list[str] = []
    for code in written:
        plain = code.strip().upper().replace(".", "")
        if plain not in known:
            repairs["secondary_unknown"] += 1
        elif plain[:_STEM] == dx or plain in right:
            repairs["secondary_repeated"] += 1
        else:
            right.append(plain)
    most = min(bounds[1], _MOST_CODES)
    if len(right) > most:
        repairs["secondary_too_many"] += 1
    if len(right) < bounds[0]:
        repairs["secondary_too_few"] += 1
        return None
    return right[:most]


def flags(written: Sequence[str]) -> list[str]:
    """Names of flags as plain text; they are kept, never used."""
    plain = ("".join(c for c in name if c.isprintable())[:_CONTROL_FREE] for name in written)
    return list(dict.fromkeys(name for name in plain if name))[:_MOST_FLAGS]


def _count(repairs: Counter[str], name: str, where: NDArray[np.bool_]) -> None:
    count = int(np.count_nonzero(where))
    if count:
        repairs[name] += count
