"""When care ended, in days before the claim: 0 to 14, groups as their scenario has it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claimsim_pipeline.generation.atlas import Spot
from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.shelf import Floats, Ints, Keys
from claimsim_pipeline.generation.typology import Scenario
from claimsim_pipeline.generation.units import Units

LONGEST = 14
"""Most days between the end of care and the claim."""

_SERIES_GAP = (1, 3)  # days between two honest visits of a series
_LAST_PART = (1, 4)  # days of a split stay's second claim
_BATCHES_APART = 4


def care_ends(
    units: Units, series: Ints, scenarios: Sequence[Scenario], spot: Spot, dice: Floats
) -> tuple[Ints, Ints]:
    """Days since the end of care, and the stay where that is fixed by it (else -1).

    Args:
        units: Groups of slots.
        series: Positions of honest second visits.
        scenarios: By number, as in the units.
        spot: Where the claims are.
        dice: Of every slot.
    """
    count = len(units.head)
    days = _integer(dice[:, Die.CARE_END], 0, LONGEST)
    stay = np.full(count, -1, dtype=np.int64)
    _space(days, series, units.head[series], _SERIES_GAP, dice)
    for number, scenario in enumerate(scenarios):
        ours = units.scenario == number
        if scenario.batch_days:
            places = np.flatnonzero(ours)
            days[places] = _batches(spot.codes["facility"][places], days[places], scenario)
        later = np.flatnonzero(ours & (units.member == 1))
        if scenario.kind in ("clones", "single") or not len(later):
            continue
        if scenario.los == "split":
            stay[later] = _integer(dice[later, Die.SCALE], *_LAST_PART)
        between = np.maximum(stay[later], 0)
        _space(days, later, units.head[later], scenario.gap_days, dice, between)
    return days, stay


def _space(
    days: Ints,
    later: Ints,
    first: Ints,
    gap: tuple[int, int],
    dice: Floats,
    between: Ints | int = 0,
) -> None:
    """Let the first claim's care end some days (and a stay) before the later one's."""
    apart = _integer(dice[first, Die.GAP], *gap) + between
    days[later] = np.minimum(days[first], LONGEST) * (LONGEST - apart) // LONGEST
    days[first] = days[later] + apart


def _batches(facility: Keys, days: Ints, scenario: Scenario) -> Ints:
    """Few days, the facility's own."""
    first = (facility % np.uint64(LONGEST + 1)).astype(np.int64)
    return (first + _BATCHES_APART * (days % scenario.batch_days)) % (LONGEST + 1)


def _integer(die: Floats, low: int, high: int) -> Ints:
    return low + np.minimum((die * (high - low + 1)).astype(np.int64), high - low)
