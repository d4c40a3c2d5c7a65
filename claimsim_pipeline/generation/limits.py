"""The bounds of every claim, by what it is to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimsim_pipeline.generation.atlas import Atlas, Spot
from claimsim_pipeline.generation.bounds import Bounds
from claimsim_pipeline.generation.shelf import Floats, Ints
from claimsim_pipeline.generation.typology import Scenario

ANY_NUMBER = 99
"""Of secondary diagnoses, where a brief does not care."""

_OUTPATIENT = "RJTL"
_FIRST_PART = (3, 7)  # days of a split stay's first claim; the second one's are fixed


@dataclass(frozen=True)
class Limits:
    """One value per claim, as in a brief's frame."""

    los_min: Ints
    los_max: Ints
    amount_min: Floats
    amount_max: Floats
    secondary_min: Ints
    secondary_max: Ints
    subsidised: NDArray[np.bool_]


def limits(
    atlas: Atlas,
    spot: Spot,
    chosen: Ints,
    scenarios: Sequence[Scenario],
    profile: str,
) -> Limits:
    """The bounds of claims at a spot; ``chosen`` is each one's scenario, -1 if honest."""
    count = len(chosen)
    found = Limits(
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count, dtype=np.int64),
        np.full(count, ANY_NUMBER, dtype=np.int64),
        np.zeros(count, dtype=bool),
    )
    for number in np.unique(chosen):
        ours = np.flatnonzero(chosen == number)
        scenario = None if number < 0 else scenarios[number]
        bounds = Bounds(atlas, spot.take(ours))
        found.los_min[ours], found.los_max[ours] = _stays(bounds, scenario, profile)
        found.amount_min[ours], found.amount_max[ours] = _amounts(bounds, scenario, profile)
        if scenario and scenario.comorbidities:
            found.secondary_min[ours], found.secondary_max[ours] = scenario.comorbidities
        found.subsidised[ours] = bool(scenario and scenario.segments)
    home = atlas.cases.text("service_type")[spot.case] == _OUTPATIENT
    found.los_min[home], found.los_max[home] = 0, 0
    return found


def _stays(bounds: Bounds, scenario: Scenario | None, profile: str) -> tuple[Ints, Ints]:
    kind = scenario.stay(profile) if scenario else "natural"
    short, long = bounds.stays()
    if kind == "short":
        return np.minimum(short, 0), np.minimum(long, 1)
    if kind == "prolonged":
        return bounds.long_stays()
    if kind == "low":
        return bounds.low_stays()
    if kind == "split":
        return np.full_like(short, _FIRST_PART[0]), np.full_like(long, _FIRST_PART[1])
    return short, long


def _amounts(bounds: Bounds, scenario: Scenario | None, profile: str) -> tuple[Floats, Floats]:
    if scenario is None:
        return bounds.below_p90() if profile == "demo" else bounds.wide()
    usual = bounds.usual_subsidised() if scenario.segments else bounds.usual()
    return bounds.amounts(scenario.amount(profile), usual)
