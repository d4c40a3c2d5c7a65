"""Where fraud happens: a few bad facilities, and cases of the base that suit the scenario.

A fraud claim is anchored to a facility and to a row of the base of the same
hospital class and province, so that its peer group exists. Which facilities are
bad depends on the base and the seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.generation.atlas import Atlas
from claimsim_pipeline.generation.shelf import Floats, Ints, Order, Shelf
from claimsim_pipeline.generation.typology import Scenario

Keys = NDArray[np.uint64]

_FEWEST, _MOST = 16, 25  # bad facilities
_ONE_IN = 6  # of all facilities are bad at most
_CONCENTRATED = (0.64, 0.76)  # nominal share of fraud in bad facilities
_ENOUGH_OF_A_DX = 100  # rows of a diagnosis before a group can be called rare
_ATTEMPTS, _STRIDE = 6, 0.381966011250105  # to find another facility: golden steps of a die
_SEXED = r"^(?:O|P|N8[0-9]|N9[0-8]|C5[1-8]|Z3[4-9]|N4[0-9]|N5[01]|C6[0-3])"


@dataclass(frozen=True)
class Ring:
    """The bad facilities, the worst first, and their share of the fraud."""

    keys: Keys
    share: float


def ring(atlas: Atlas, seed: int) -> Ring:
    """The bad facilities of a base, drawn by the seed.

    Where many claims come from is likelier: class and province should not tell.
    """
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 20_240_724])
    keys, first = np.unique(atlas.rows.facility_key, return_index=True)
    place = atlas.rows.spot.codes["place"]
    _, back, claims = np.unique(place, return_inverse=True, return_counts=True)
    wanted = int(rng.integers(_FEWEST, _MOST + 1))
    count = max(1, min(wanted, len(keys) // _ONE_IN))
    share = float(rng.uniform(*_CONCENTRATED))
    luck = -np.log(rng.random(len(keys))) / claims[back[first]]
    return Ring(keys[np.argsort(luck, kind="stable")[:count]], share)


class Stage:
    """Where one scenario can happen.

    Args:
        atlas: Of the base.
        scenario: Which one.
        bad: The bad facilities.
    """

    def __init__(self, atlas: Atlas, scenario: Scenario, bad: Ring) -> None:
        self._rows = atlas.rows
        self.eligible = eligible(atlas, scenario)
        self._shelf = self._by("place")
        facility = atlas.facilities.rows(bad.keys)
        span = self._shelf.span(atlas.facilities.codes["place"][facility])
        able = np.flatnonzero(span.count > 0)[: scenario.facilities or None]
        self._keys, self._start, self._count = bad.keys[able], span.start[able], span.count[able]
        self._share = bad.share
        self._atlas = atlas

    def pick(self, where: Floats, which: Floats, row: Floats) -> tuple[Keys, Keys]:
        """Facility and case keys of claims, by their dice."""
        anywhere = self.eligible[_share(row, len(self.eligible))]
        facility, case = self._rows.facility_key[anywhere], self._rows.case_key[anywhere]
        if not len(self._keys):
            return facility, case
        bad = _share(which, len(self._keys))
        place = self._start[bad] + np.minimum(
            (row * self._count[bad]).astype(np.int64), self._count[bad] - 1
        )
        concentrated = where < self._share
        facility = np.where(concentrated, self._keys[bad], facility)
        return facility, np.where(concentrated, self._rows.case_key[self._shelf.rows[place]], case)

    def elsewhere(self, facility: Keys, case: Keys, die: Floats) -> tuple[Keys, Keys]:
        """Another facility, of the same owner if possible, and a case of another diagnosis."""
        here = self._atlas.spot(facility, case)
        owner = self._by("owner")
        near = owner.span(here.codes["owner"])
        row = np.full(len(die), -1, dtype=np.int64)
        for attempt in range(2 * _ATTEMPTS):
            die = (die + _STRIDE) % 1.0
            far = self.eligible[_share(die, len(self.eligible))]
            if attempt < _ATTEMPTS:
                close = owner.rows[np.minimum(near.at(die), len(owner.rows) - 1)]
                far = np.where(near.count > 0, close, far)
            codes = self._rows.spot.codes
            other = (codes["facility"][far] != here.codes["facility"]) & (
                codes["dx"][far] != here.codes["dx"]
            )
            row = np.where((row < 0) & other, far, row)
        met = row >= 0
        return (
            np.where(met, self._rows.facility_key[row], facility),
            np.where(met, self._rows.case_key[row], case),
        )

    def _by(self, code: str) -> Shelf:
        """The eligible rows by a property."""
        every = np.zeros(len(self._rows.all))
        return Shelf(self._rows.spot.codes[code], Order(every, self.eligible))


def _share(die: Floats, count: int) -> Ints:
    return np.minimum((die * count).astype(np.int64), count - 1)


def eligible(atlas: Atlas, scenario: Scenario) -> Ints:
    """The rows of the base whose case suits a scenario; none if the base cannot support it."""
    rows = atlas.rows
    present = {column.name.lower() for column in atlas.reference.columns}
    if not present.issuperset(scenario.needs):
        return rows.usable[:0]
    case = atlas.usable_cases
    found = rows.usable[_cases(atlas, scenario)[case]]
    if not len(found) and scenario.any_dx:
        found = rows.usable[_cases(atlas, replace(scenario, dx=()))[case]]
    if scenario.kind == "cross_facility" and not _crossable(atlas, found):
        return found[:0]
    return found


def _cases(atlas: Atlas, scenario: Scenario) -> NDArray[np.bool_]:
    """Which cases suit."""
    cases = atlas.cases
    dx = pd.Series(cases.text("dx_primary_code"))
    suits = pd.Series(True, index=dx.index)
    if scenario.service:
        suits &= cases.text("service_type") == scenario.service
    if scenario.severity:
        suits &= np.isin(cases.text("severity_group").astype(str), scenario.severity)
    if scenario.dx or scenario.group_contains:
        known = dx.isin(scenario.dx)
        group = pd.Series(cases.text("dx_primary_group").astype(str))
        for word in scenario.group_contains:
            known |= group.str.contains(word, regex=False)
        suits &= known
    suits &= ~dx.isin(scenario.dx_avoid)
    if scenario.neutral:
        suits &= ~dx.str.match(_SEXED)
    if scenario.rare_group:
        suits &= _rare(atlas, scenario.rare_group)
    return suits.to_numpy(dtype=bool)


def _rare(atlas: Atlas, most: float) -> NDArray[np.bool_]:
    """Cases whose tariff group makes up less than a share of their diagnosis."""
    cases = atlas.cases
    frame = pd.DataFrame(
        {
            "dx": cases.text("dx_primary_code"),
            "group": cases.text("dx_primary_group"),
            "n": np.bincount(cases.rows(atlas.rows.case_key), minlength=len(cases.keys)),
        }
    )
    of_dx = frame.groupby("dx")["n"].transform("sum")
    of_group = frame.groupby(["dx", "group"])["n"].transform("sum")
    rare = (of_dx >= _ENOUGH_OF_A_DX) & (of_group < most * of_dx) & (frame["group"] != "")
    return rare.to_numpy(dtype=bool)


def _crossable(atlas: Atlas, rows: Ints) -> bool:
    """Whether there are two facilities and two diagnoses to go between."""
    spot = atlas.rows.spot
    return all(len(np.unique(spot.codes[name][rows])) > 1 for name in ("facility", "dx"))
