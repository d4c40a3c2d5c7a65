"""Which cases of the base a model may choose for a claim: the brief's own one, and its like.

Alternatives come from rows of the base in the same hospital class and province
(their peer group thus exists), with the same service and severity, whose
tariffs meet the brief's bounds, and for which those bounds mean the same: above
the peers' 90 % quantile or not above it. Claims of a group keep their case.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.generation.anchors import eligible
from claimsim_pipeline.generation.atlas import Atlas, Cell, Spot
from claimsim_pipeline.generation.llm.texts import Texts
from claimsim_pipeline.generation.shelf import Ints
from claimsim_pipeline.generation.typology import typology

MOST = 8
_CELL: Cell = ("care", "place")
_SUITABLE = NDArray[np.bool_]


@dataclass(frozen=True)
class Candidate:
    """A case that may be chosen."""

    case_key: int
    code: str
    label: str


@dataclass(frozen=True)
class _Alternatives:
    """Cases of one cell for one scenario, the most frequent first, one per diagnosis."""

    cases: list[Candidate] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    p90: list[float] = field(default_factory=list)


class Candidates:
    """The candidates of every brief.

    Args:
        atlas: Of the base.
        told: The briefs' frame.
        texts: Names and labels.
    """

    def __init__(self, atlas: Atlas, told: pd.DataFrame, texts: Texts) -> None:
        self._atlas = atlas
        self._texts = texts
        keys = [told[name].to_numpy(dtype=np.uint64) for name in ("facility_key", "case_key")]
        self._keys = keys
        self._spot: Spot = atlas.spot(*keys)
        self._p90 = atlas.peer_p90(self._spot)
        peers = atlas.reference.peers
        self._peers = dict(zip(peers["peer_key"], peers["peer_p90"].tolist(), strict=True))
        self._cells = self._spot.cell(_CELL)
        self._low = told["amount_min"].to_numpy(dtype=np.float64)
        self._high = told["amount_max"].to_numpy(dtype=np.float64)
        scenario = told["scenario"].to_numpy(dtype=object)
        self._scenario = ["" if pd.isna(name) else str(name) for name in scenario]
        _, which, count = np.unique(told["unit"], return_inverse=True, return_counts=True)
        self._alone = count[which] == 1
        self._known: dict[tuple[int, str], _Alternatives] = {}
        self._eligible: dict[str, _SUITABLE] = {}
        self._last: tuple[int, list[Candidate]] = (-1, [])

    def of(self, row: int) -> list[Candidate]:
        """The candidates of the brief in that row, its own case first."""
        if self._last[0] != row:
            self._last = (row, self._found(row))
        return self._last[1]

    def _found(self, row: int) -> list[Candidate]:
        case = int(self._spot.case[row])
        own = self._candidate(case, int(self._keys[1][row]))
        if not self._alone[row]:
            return [own]
        key = (int(self._cells[row]), self._scenario[row])
        if key not in self._known:
            self._known[key] = self._alternatives(row)
        found = self._known[key]
        fits = [
            candidate
            for number, candidate in enumerate(found.cases)
            if candidate.code != own.code and self._fits(row, found, number)
        ]
        return [own, *fits[: MOST - 1]]

    def _fits(self, row: int, found: _Alternatives, number: int) -> bool:
        low, high, own, p90 = self._low[row], self._high[row], self._p90[row], found.p90[number]
        if found.high[number] < low or found.low[number] > high:
            return False
        if low > own:
            return bool(p90 < low)
        return bool(high > own or p90 >= high)

    def _candidate(self, case: int, key: int) -> Candidate:
        texts = self._texts
        return Candidate(key, texts.case("dx_primary_code", case), texts.case_label(case))

    def _alternatives(self, row: int) -> _Alternatives:
        """Of the row's cell; the same whichever row of the cell asks."""
        rows = self._atlas.rows
        shelf = rows.shelf("amount", _CELL)
        span = shelf.span(self._cells[row : row + 1])
        members = shelf.rows[int(span.start[0]) : int(span.stop[0])]
        members = members[self._suitable(self._scenario[row])[members]]
        if not len(members):
            return _Alternatives()
        keys, which, count = np.unique(
            rows.case_key[members], return_inverse=True, return_counts=True
        )
        cases = self._atlas.cases.rows(keys)
        p90 = self._quantiles(row, cases)
        return self._chosen(keys, cases, count, p90, (which, rows.amount[members]))

    def _quantiles(self, row: int, cases: Ints) -> list[float]:
        """The 90 % quantile of these cases' peers at the row's facility; NaN if unknown."""
        texts, facility = self._texts, int(self._spot.facility[row])
        place = [texts.facility(name, facility) for name in ("facility_class", "province_name")]
        case = ("dx_primary_code", "severity_group")
        keys = ("|".join([*(texts.case(name, n) for name in case), *place]) for n in cases.tolist())
        return [self._peers.get(key, np.nan) for key in keys]

    def _chosen(
        self,
        keys: NDArray[np.uint64],
        cases: Ints,
        count: Ints,
        p90: list[float],
        amounts: tuple[Ints, NDArray[np.float64]],
    ) -> _Alternatives:
        low, high = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)
        np.minimum.at(low, *amounts)
        np.maximum.at(high, *amounts)
        found, seen = _Alternatives(), set[str]()
        for place in np.lexsort((keys, -count)).tolist():
            candidate = self._candidate(int(cases[place]), int(keys[place]))
            if candidate.code in seen or not candidate.code or not np.isfinite(p90[place]):
                continue
            seen.add(candidate.code)
            found.cases.append(candidate)
            found.low.append(float(low[place]))
            found.high.append(float(high[place]))
            found.p90.append(float(p90[place]))
        return found

    def _suitable(self, scenario: str) -> _SUITABLE:
        """Which rows of the base suit a scenario."""
        if scenario not in self._eligible:
            rows = self._atlas.rows
            fits = np.zeros(len(rows.all), dtype=bool)
            if scenario:
                fits[eligible(self._atlas, typology().scenarios[scenario])] = True
            else:
                fits[rows.usable] = True
            self._eligible[scenario] = fits
        return self._eligible[scenario]
