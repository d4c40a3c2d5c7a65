"""Which scenario each fraud claim follows, and which claims belong together.

The fraud claims of a window are walked in the order of their slots: a claim
whose scenario needs a group takes the next fraud claims of the window with it.
The walk is done for all windows at once by pointer doubling; as groups never
cross the end of a window, no window sees another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.shelf import Floats, Ints
from claimsim_pipeline.generation.typology import Scenario


@dataclass(frozen=True)
class Units:
    """Groups of slots.

    Attributes:
        head: Position of the first slot of each slot's group.
        member: Place in the group, from 0.
        scenario: Number of the scenario in the mix; -1 for honest claims.
    """

    head: Ints
    member: Ints
    scenario: Ints


def alone(count: int) -> Units:
    """Honest claims, each on its own."""
    head = np.arange(count, dtype=np.int64)
    return Units(head, np.zeros_like(head), np.full_like(head, -1))


def with_fraud(
    units: Units,
    fraud: Ints,
    windows: Ints,
    dice: Floats,
    mix: Sequence[tuple[Scenario, float]],
) -> Units:
    """Give fraud slots their scenarios and groups.

    Args:
        units: What is there already.
        fraud: Positions of the fraud slots, ascending.
        windows: Window of every slot.
        dice: Of every slot.
        mix: Scenarios that the base supports, with their shares of claims.
    """
    if not len(fraud) or not mix:
        return units
    scenario, size = _drawn(dice[fraud], windows[fraud], mix)
    first = _walk(size)
    head, member, chosen = units.head.copy(), units.member.copy(), units.scenario.copy()
    head[fraud] = fraud[first]
    member[fraud] = np.arange(len(fraud)) - first
    chosen[fraud] = scenario[first]
    return Units(head, member, chosen)


def _drawn(dice: Floats, windows: Ints, mix: Sequence[tuple[Scenario, float]]) -> tuple[Ints, Ints]:
    """What each fraud slot would be if a group began with it."""
    scenarios = [scenario for scenario, _ in mix]
    shares = np.array([share / scenario.mean_size for scenario, share in mix])
    scenario = _choose(dice[:, Die.SCENARIO], shares)
    size = _sizes(scenario, dice[:, Die.SIZE], scenarios)
    _, first, count = np.unique(windows, return_index=True, return_counts=True)
    end = np.repeat(first + count, count)
    late = np.arange(len(size)) + size > end
    single = np.array([s.single for s in scenarios])
    homeless = late & ~single[scenario]
    if single.any():
        instead = _choose(dice[:, Die.INSTEAD], np.where(single, shares, 0.0))
        scenario = np.where(homeless, instead, scenario)
    return scenario, np.where(late, 1, size)


def _choose(die: Floats, weights: Floats) -> Ints:
    edges = np.cumsum(weights) / weights.sum()
    last = int(np.flatnonzero(weights)[-1])
    return np.searchsorted(edges, die, side="right").clip(max=last).astype(np.int64)


def _sizes(scenario: Ints, die: Floats, scenarios: Sequence[Scenario]) -> Ints:
    size = np.ones(len(scenario), dtype=np.int64)
    for number, told in enumerate(scenarios):
        ours = scenario == number
        counts, weights = (np.array(column) for column in zip(*told.sizes, strict=True))
        size[ours] = counts[_choose(die[ours], weights)]
    return size


def _walk(size: Ints) -> Ints:
    """From each place, the first place of its group, walking from 0 by the sizes."""
    count = len(size)
    jump = np.append(np.minimum(np.arange(count) + size, count), count)
    reached = np.zeros(count + 1, dtype=bool)
    reached[0] = True
    steps = 1
    while steps < count:
        reached[jump[reached.nonzero()[0]]] = True
        jump = jump[jump]
        steps *= 2
    places: NDArray[np.int64] = np.where(reached[:count], np.arange(count), 0)
    return np.maximum.accumulate(places)
