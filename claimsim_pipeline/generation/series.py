"""Honest repeated visits: dialysis, physiotherapy and the like come again within three days.

A visit of such a kind is, by its die, the first of two (its patient takes over
another honest claim of the window), or given up for some other claim of the
base, or on its own. The chances of the first two are equal, so that the mix
of cases stays that of the base whatever the share of repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimsim_pipeline.generation.atlas import Atlas
from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.shelf import Floats, Ints

_MOST = 0.95  # of the visits of a diagnosis that can be repeats


@dataclass(frozen=True)
class Series:
    """Positions of slots; ``firsts[i]`` and ``seconds[i]`` are visits of one patient."""

    firsts: Ints
    seconds: Ints
    given_up: Ints


def find(honest: Ints, windows: Ints, chance: Floats, dice: Floats) -> Series:
    """Which honest slots become series.

    Args:
        honest: Their positions, ascending.
        windows: Ordinal of the window of every slot, ascending.
        chance: For every slot, that its visit is one of two.
        dice: Of every slot.
    """
    die, half = dice[honest, Die.SERIES], chance[honest] / 2
    first, given_up = die < half, (die >= half) & (die < 2 * half)
    free = half == 0
    firsts, seconds = _pair(honest[first], honest[free], windows)
    return Series(firsts, seconds, honest[given_up])


def chances(atlas: Atlas, weights: Mapping[str, float]) -> Floats:
    """For each case, the chance that such a visit is one of two; scaled to the base's rate."""
    chance = np.zeros(len(atlas.cases.keys))
    dx, service = atlas.cases.text("dx_primary_code"), atlas.cases.text("service_type")
    for code, weight in weights.items():
        chance[(dx == code) & (service == "RJTL")] = weight
    expected = _expected(atlas, chance)
    if expected == 0.0:
        return chance
    return np.minimum(chance * atlas.reference.duplicate_rate / expected, _MOST)


def _expected(atlas: Atlas, chance: Floats) -> float:
    rows = atlas.cases.rows(atlas.rows.case_key)
    return float(chance[rows].mean()) if len(rows) else 0.0


def _pair(firsts: Ints, free: Ints, windows: Ints) -> tuple[Ints, Ints]:
    """Pair each first with the next slot of its window that is still free.

    Windows are set apart by more places than there are firsts, so that those
    that find nothing any more never push into the next window.
    """
    if not len(firsts) or not len(free):
        return firsts[:0], free[:0]
    apart = windows * (len(firsts) + 1)
    count = np.arange(len(firsts))
    place = np.searchsorted(free, firsts) + apart[firsts]
    place = np.maximum.accumulate(place - count) + count - apart[firsts]
    inside = np.minimum(place, len(free) - 1)
    met: NDArray[np.bool_] = (place < len(free)) & (windows[free[inside]] == windows[firsts])
    return firsts[met], free[inside[met]]
