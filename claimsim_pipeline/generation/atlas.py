"""The base's rows arranged for picking: by case, hospital class, province, segment.

Built once per reference (lazily, shelf by shelf) and shared by the brief and
the offline generator. Rows that would break a claim (a facility or case that
contradicts itself, no amount, an amount off the grid of the base's tariffs)
serve for nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation import blocks, secondary
from claimsim_pipeline.generation.shelf import Floats, Ints, Keys, Order, Rung, Shelf, mix
from claimsim_pipeline.generation.sound import Sound

Cell = tuple[str, ...]

SUBSIDISED = (2, 3)
"""Participant segments whose contributions the state pays (PBI), entitled to class 3."""

_HUNDRED = 100
_NEARLY_ALL = 0.999


@dataclass(frozen=True)
class Spot:
    """Where claims are: the rows of their facility and case, and hashed properties of both."""

    facility: Ints
    case: Ints
    codes: Mapping[str, Keys]

    def cell(self, names: Cell, which: Ints | None = None) -> Keys:
        """One hash of several properties, of all of them or of some."""
        parts = (self.codes[name] for name in names)
        return mix(*(part if which is None else part[which] for part in parts))

    def take(self, which: NDArray[np.generic]) -> Spot:
        """Some of them."""
        codes = {name: code[which] for name, code in self.codes.items()}
        return Spot(self.facility[which], self.case[which], codes)

    def having(self, **codes: Keys) -> Spot:
        """With more properties."""
        return replace(self, codes={**self.codes, **codes})


class Rows:
    """The donors as arrays, with a shelf for whatever cells and order are asked for."""

    def __init__(self, reference: Reference) -> None:
        self.sound = Sound(reference)
        donors = reference.donors[self.sound.pairs(reference, reference.donors)]
        facilities, cases = blocks.facilities(reference.facilities), blocks.cases(reference.cases)
        self.los = numbers(donors["los"]).clip(0)
        self.amount = numbers(donors["amount_claimed"])
        self.ratio = _ratio(self.amount, numbers(donors["amount_paid"]))
        self.segment = donors["participant_segment_code"].reset_index(drop=True)
        self.weight = donors["claim_weight"].reset_index(drop=True)
        self.grid = _grid(self.amount)
        self.facility_key = donors["facility_key"].to_numpy(dtype=np.uint64)
        self.case_key = donors["case_key"].to_numpy(dtype=np.uint64)
        spot = locate(facilities, cases, self.facility_key, self.case_key)
        subsidised = self.segment.isin(SUBSIDISED).to_numpy(dtype=bool)
        self.spot = spot.having(
            segment=blocks.hash_values(self.segment), subsidised=subsidised.astype(np.uint64)
        )
        dx = cases.text("dx_primary_code")[spot.case]
        self.secondary = secondary.Lists(donors["dx_secondary_codes"], dx)
        self.usable = np.flatnonzero((self.amount > 0) & _whole(self.amount, self.grid))
        self.peers = Peers(reference.peers)
        self._orders: dict[str, Order] = {}
        self._shelves: dict[tuple[str, Cell], Shelf] = {}

    @cached_property
    def all(self) -> Ints:
        """Every donor's number."""
        return np.arange(len(self.los))

    def shelf(self, value: str, cell: Cell) -> Shelf:
        """The donors by cell, in the order of ``amount``, ``los``, ``secondary`` or the base."""
        known = self._shelves.get((value, cell))
        if known is None:
            known = self._shelves[value, cell] = Shelf(self.spot.cell(cell), self._order(value))
        return known

    def rungs(self, value: str, spot: Spot, ladder: Sequence[tuple[Cell, int]]) -> list[Rung]:
        """A ladder for targets: cells from the finest, with how many rows are enough."""
        return [
            Rung(partial(self.shelf, value, cell), partial(spot.cell, cell), enough)
            for cell, enough in ladder
        ]

    def _order(self, value: str) -> Order:
        known = self._orders.get(value)
        if known is None:
            known = self._orders[value] = Order(*self._ordered(value))
        return known

    def _ordered(self, value: str) -> tuple[Floats, Ints]:
        if value == "amount":
            return self.amount, self.usable
        if value == "los":
            return self.los, self.all
        if value == "secondary":
            return self.secondary.counts.astype(np.float64), self.secondary.usable
        return np.zeros(len(self.all)), self.all


class Peers:
    """The 90 % quantile of each peer group, by the hash of its key."""

    def __init__(self, peers: pd.DataFrame) -> None:
        hashed = blocks.hash_values(peers["peer_key"])
        order = np.argsort(hashed, kind="stable")
        self._keys = hashed[order]
        self._p90 = numbers(peers["peer_p90"])[order]

    def p90(self, peer_keys: pd.Series) -> Floats:
        """NaN where the base has no such group."""
        if not len(self._keys):
            return np.full(len(peer_keys), np.nan)
        wanted = blocks.hash_values(peer_keys)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self._p90[place], np.nan)


class Atlas:
    """Donor rows, and the blocks that a call knows about."""

    def __init__(self, reference: Reference, rows: Rows) -> None:
        self.rows = rows
        self.reference = reference
        self.facilities = blocks.facilities(reference.facilities)
        self.cases = blocks.cases(reference.cases)

    @cached_property
    def usable_cases(self) -> Ints:
        """The case of each usable row."""
        return self.cases.rows(self.rows.case_key[self.rows.usable])

    def spot(self, facility_key: NDArray[np.uint64], case_key: NDArray[np.uint64]) -> Spot:
        """Where claims with these keys are."""
        return locate(self.facilities, self.cases, facility_key, case_key)

    def peer_p90(self, spot: Spot) -> Floats:
        """The 90 % quantile of each claim's peers."""
        places, place = np.unique(self.facilities.codes["place"], return_inverse=True)
        pairs, back = np.unique(spot.case * len(places) + place[spot.facility], return_inverse=True)
        _, example = np.unique(place, return_index=True)
        case, facility = pairs // max(len(places), 1), example[pairs % max(len(places), 1)]
        parts = [
            pd.Series(text[rows])
            for text, rows in (
                (self.cases.text("dx_primary_code"), case),
                (self.cases.text("severity_group"), case),
                (self.facilities.text("facility_class"), facility),
                (self.facilities.text("province_name"), facility),
            )
        ]
        keys = parts[0] + "|" + parts[1] + "|" + parts[2] + "|" + parts[3]
        return self.rows.peers.p90(keys)[back]


def atlas(reference: Reference) -> Atlas:
    """The atlas of a reference; the last one is kept, its rows for other blocks, too."""
    known = _kept.get("atlas")
    if known is not None and known.reference is reference:
        return known
    same_rows = known is not None and known.reference.donors is reference.donors
    rows = known.rows if known is not None and same_rows else Rows(reference)
    _kept["atlas"] = Atlas(reference, rows)
    return _kept["atlas"]


_kept: dict[str, Atlas] = {}


def locate(
    facilities: blocks.Blocks,
    cases: blocks.Blocks,
    facility_key: NDArray[np.uint64],
    case_key: NDArray[np.uint64],
) -> Spot:
    """The rows and properties of pairs of a facility and a case."""
    facility, case = facilities.rows(facility_key), cases.rows(case_key)
    codes = {name: code[facility] for name, code in facilities.codes.items()}
    codes |= {name: code[case] for name, code in cases.codes.items()}
    return Spot(facility, case, codes)


def numbers(column: pd.Series) -> Floats:
    """A column as floats, missing NaN."""
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _ratio(claimed: Floats, paid: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = paid / claimed
    return np.where(np.isfinite(ratio), np.clip(ratio, 0.0, 1.0), 1.0)


def _grid(amounts: Floats) -> int:
    """What the base's amounts are multiples of: a hundred rupiah, or one."""
    known = amounts[np.isfinite(amounts)]
    on_grid = bool(len(known)) and float(_whole(known, _HUNDRED).mean()) >= _NEARLY_ALL
    return _HUNDRED if on_grid else 1


def _whole(amounts: Floats, grid: int) -> NDArray[np.bool_]:
    """Which amounts are multiples of the grid; no amount and an infinite one are none."""
    with np.errstate(invalid="ignore"):
        return np.asarray(amounts % grid == 0, dtype=np.bool_)
