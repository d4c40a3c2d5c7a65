"""Facility and case of every claim.

Honest claims keep the case of their context, and with it hospital class and
province, so that their peer group is one of the base. The facility is that of
another row of the same class and province: the pair of a small facility and a
rare case would otherwise point at the row it came from. A context that
contradicts itself gives way to another row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.generation.anchors import Stage
from claimsim_pipeline.generation.atlas import Atlas, Cell
from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.shelf import Floats, Ints, climb, discreet
from claimsim_pipeline.generation.typology import Scenario
from claimsim_pipeline.generation.units import Units

Keys = NDArray[np.uint64]

_NEIGHBOURS: tuple[tuple[Cell, int], ...] = (
    (("place", "service"), 5),
    (("place",), 1),
)
_PAIR: Cell = ("facility", "kind")


class Places:
    """Facility and case keys of every slot, first those of its context.

    Attributes:
        facility: Key of each slot's facility.
        case: Key of each slot's case.
    """

    def __init__(self, atlas: Atlas, contexts: pd.DataFrame, dice: Floats) -> None:
        self._atlas, self._dice = atlas, dice
        self.facility: Keys = contexts["facility_key"].to_numpy(dtype=np.uint64, copy=True)
        self.case: Keys = contexts["case_key"].to_numpy(dtype=np.uint64, copy=True)
        unsound = ~atlas.rows.sound.pairs(atlas.reference, contexts)
        self._take(np.flatnonzero(unsound), atlas.rows.all)
        self._recombine(np.arange(len(dice)))

    def give_up(self, slots: Ints, chance: Floats) -> None:
        """Take other cases of the base for these slots: such as never come in series."""
        rows = self._atlas.rows
        others = np.flatnonzero(chance[self._atlas.cases.rows(rows.case_key)] == 0)
        if len(others):
            self._take(slots, others)
            self._recombine(slots)

    def follow(self, slots: Ints, leaders: Ints) -> None:
        """Take the facility and case of others."""
        self.facility[slots], self.case[slots] = self.facility[leaders], self.case[leaders]

    def stage(self, stage: Stage, scenario: Scenario, units: Units, slots: Ints) -> None:
        """Put the claims of a scenario where it happens; a group by its head's dice."""
        dice = self._dice[units.head[slots]]
        picked = stage.pick(dice[:, Die.CONCENTRATION], dice[:, Die.FACILITY], dice[:, Die.ANCHOR])
        self.facility[slots], self.case[slots] = picked
        if scenario.kind == "cross_facility":
            later = slots[units.member[slots] > 0]
            head = units.head[later]
            self.facility[later], self.case[later] = stage.elsewhere(
                self.facility[head], self.case[head], self._dice[later, Die.ANCHOR]
            )

    def _take(self, slots: Ints, others: Ints) -> None:
        """Take facility and case of one of these rows of the base."""
        rows, die = self._atlas.rows, self._dice[slots, Die.ANCHOR]
        picked = others[np.minimum((die * len(others)).astype(np.int64), len(others) - 1)]
        self.facility[slots], self.case[slots] = rows.facility_key[picked], rows.case_key[picked]

    def _recombine(self, slots: Ints) -> None:
        rows = self._atlas.rows
        spot = self._atlas.spot(self.facility[slots], self.case[slots])
        die = self._dice[slots, Die.RECOMBINE]
        pairs = rows.shelf("order", _PAIR)

        def rare(targets: Ints, picked: Ints) -> NDArray[np.bool_]:
            facility = rows.spot.codes["facility"][picked]
            return pairs.span(spot.take(targets).having(facility=facility).cell(_PAIR)).few

        def again(targets: Ints, other: Floats) -> Ints:
            return climb(rows.rungs("order", spot.take(targets), _NEIGHBOURS), other)

        found = discreet(again(np.arange(len(slots)), die), die, rare, again)
        met = found >= 0
        self.facility[slots[met]] = rows.facility_key[found[met]]
