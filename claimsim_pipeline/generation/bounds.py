"""Within which bounds stay and amount lie: by the case, its peers and the scenario.

Bounds hold for both generators. They come from rows of the base: the same case
in the same hospital class and province where there are any, then wider.
"""

from __future__ import annotations

import numpy as np

from claimsim_pipeline.generation.atlas import Atlas, Cell, Spot
from claimsim_pipeline.generation.shelf import Floats, Ints, climb
from claimsim_pipeline.generation.typology import AmountRule

AMOUNTS: tuple[tuple[Cell, int], ...] = (
    (("kind", "place"), 1),
    (("kind", "class"), 1),
    (("kind",), 1),
    (("sickness",), 1),
    (("care", "place"), 1),
    (("care",), 1),
    (("service",), 1),
)
"""Where tariffs are looked for, from the nearest."""

STAYS: tuple[tuple[Cell, int], ...] = ((("sickness",), 3), (("sickness",), 1), (("care",), 1))
_USUAL: tuple[tuple[Cell, int], ...] = ((("kind", "place"), 3), (("kind", "class"), 3), *AMOUNTS)
_SUBSIDISED: tuple[tuple[Cell, int], ...] = (
    (("kind", "place", "subsidised"), 1),
    (("kind", "class", "subsidised"), 1),
)
_MEDIAN, _LATE = 0.5, 0.95


class Bounds:
    """Amounts and stays of claims at some spot.

    Args:
        atlas: Of the base.
        spot: Where the claims are.
    """

    def __init__(self, atlas: Atlas, spot: Spot) -> None:
        self._atlas = atlas
        self._rows = atlas.rows
        self._spot = spot
        self._count = len(spot.case)
        peers = atlas.peer_p90(spot)
        self._top = self._amount_at(AMOUNTS, 1.0)
        self.peer_p90 = np.where(np.isfinite(peers), peers, self._top)

    def cell(self) -> tuple[Floats, Floats]:
        """Lowest and highest amount of the same case and place."""
        return self._amount_at(AMOUNTS, 0.0), self._top

    def wide(self) -> tuple[Floats, Floats]:
        """The same, of the hospital class where the place has only one or two such rows."""
        return self._amount_at(_USUAL, 0.0), self._amount_at(_USUAL, 1.0)

    def usual(self) -> Floats:
        """What such a claim usually amounts to."""
        return self._amount_at(_USUAL, _MEDIAN)

    def usual_subsidised(self) -> Floats:
        """What it usually amounts to for members who are entitled to class 3."""
        paid = np.ones(self._count, dtype=np.uint64)
        ladder = (*_SUBSIDISED, *AMOUNTS)
        rungs = self._rows.rungs("amount", self._spot.having(subsidised=paid), ladder)
        found = climb(rungs, np.full(self._count, _MEDIAN))
        return np.where(found < 0, self._top, self._rows.amount[found])

    def below_p90(self) -> tuple[Floats, Floats]:
        """Amounts that the peers' 90 % quantile does not call high."""
        low, high = self.cell()
        top = np.minimum(high, self._down(self.peer_p90))
        return np.minimum(low, top), top

    def amounts(self, rule: AmountRule, usual: Floats) -> tuple[Floats, Floats]:
        """The bounds of a scenario's rule."""
        low, high = self.cell()
        if rule.rule == "times":
            low = self._up(usual * rule.low)
            return low, np.maximum(low, self._down(usual * rule.high))
        if rule.rule == "typical":
            return usual, usual
        if rule.rule == "above_p90":
            above = self._down(self.peer_p90) + self._rows.grid
            low = np.maximum(above, self._up(usual * rule.low))
            return low, np.maximum(self._down(usual * rule.high), self._down(low * 2))
        return low, high

    def stays(self) -> tuple[Ints, Ints]:
        """Shortest and longest stay of such cases."""
        return self.stay_at(0.0), self.stay_at(1.0)

    def low_stays(self) -> tuple[Ints, Ints]:
        """As long as half of the mildest severity's stays at most."""
        mild = self._spot.having(sickness=self._spot.codes["mild"])
        return np.zeros(self._count, dtype=np.int64), np.maximum(self.stay_at(_MEDIAN, mild), 1)

    def stay_at(self, share: float, spot: Spot | None = None) -> Ints:
        """A quantile of such cases' stays."""
        rungs = self._rows.rungs("los", spot or self._spot, STAYS)
        found = climb(rungs, np.full(self._count, share))
        return np.where(found < 0, 0, self._rows.los[found]).astype(np.int64)

    def long_stays(self) -> tuple[Ints, Ints]:
        """Two to four times the usual stay, and longer than 95 % of such cases."""
        median, late = self.stay_at(_MEDIAN), self.stay_at(_LATE)
        low = np.maximum(np.maximum(2 * median, late + 1), 3)
        return low, np.maximum(4 * median, low + 3)

    def _amount_at(self, ladder: tuple[tuple[Cell, int], ...], share: float) -> Floats:
        found = climb(self._rows.rungs("amount", self._spot, ladder), np.full(self._count, share))
        return np.where(found < 0, float(self._rows.grid), self._rows.amount[found])

    def _down(self, amount: Floats) -> Floats:
        grid = float(self._rows.grid)
        return np.maximum(np.floor(amount / grid) * grid, grid)

    def _up(self, amount: Floats) -> Floats:
        grid = float(self._rows.grid)
        return np.ceil(amount / grid) * grid
