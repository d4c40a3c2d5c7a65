"""The offline generator: free fields picked jointly from combinations that the base has.

Stay, secondary diagnoses, segment, amount and payment come from different rows
of the base, each one a row of the same kind of case (and place, and segment,
where that decides the tariff). A claim is thus plausible, and nobody's copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.atlas import Atlas, Cell, Spot, atlas
from claimsim_pipeline.generation.bounds import AMOUNTS, STAYS
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.door import DRAFT_COLUMNS
from claimsim_pipeline.generation.groups import align
from claimsim_pipeline.generation.narrative import narrate
from claimsim_pipeline.generation.secondary import LIST
from claimsim_pipeline.generation.shelf import Floats, Ints, climb, discreet

Ladder = tuple[tuple[Cell, int], ...]

_COMORBIDITIES: Ladder = ((("sickness",), 3), (("sickness",), 1), (("care",), 1), (("service",), 1))
_MEMBERS: Ladder = (
    (("care", "place"), 8),
    (("care", "class"), 8),
    (("care",), 1),
    (("service",), 1),
)
_SUBSIDISED: Ladder = (
    (("kind", "place", "subsidised"), 1),
    (("care", "place", "subsidised"), 1),
    (("care", "subsidised"), 1),
    (("subsidised",), 1),
)
_TARIFFS: Ladder = (
    (("kind", "place", "segment"), 8),
    (("kind", "place"), 3),
    (("kind", "class", "segment"), 2),
    (("kind", "class"), 3),
    *AMOUNTS,
)
_PLANTED_TARIFFS: Ladder = ((("kind", "place", "segment"), 1), *AMOUNTS)
_TRIPLE: Cell = ("facility", "kind", "segment")
_PAYMENTS: Ladder = ((("service",), 1),)


TURN = 25_000
"""Slots that are worked on together: what they become is published while the next are made."""


class Mutator:
    """Makes drafts without a network, a model or a pause."""

    def generate(self, briefs: Briefs, reference: Reference) -> Iterator[pd.DataFrame]:
        """The drafts in frames of bounded size, units in the order of their first claims."""
        turn = briefs.frame["unit"].to_numpy() // TURN
        for number in np.unique(turn):
            ours = np.flatnonzero(turn == number)
            told = briefs.frame if len(ours) == len(turn) else briefs.frame.iloc[ours]
            yield mutate(Briefs(told, briefs.dice[ours]), reference)


def mutate(briefs: Briefs, reference: Reference) -> pd.DataFrame:
    """The drafts of these briefs; any selection of whole units gives the same drafts."""
    told, dice = briefs.frame, briefs.dice
    pick = Picker(atlas(reference), told, dice)
    member = pick.member()
    amount = pick.amount(member)
    drafts = told[["slot", "facility_key", "case_key"]].reset_index(drop=True)
    drafts = drafts.assign(
        los=pick.los(),
        amount_claimed=amount,
        amount_paid=pick.paid(amount),
        dx_secondary_codes=pick.secondary(),
        **pick.person(member),
        patient=told["patient"].to_numpy(),
        care_end_days=told["care_end_days"].to_numpy(),
    )
    drafts = align(drafts, told)
    return drafts.assign(
        narrative=narrate(drafts, reference, dice),
        generator=pd.Series("mutator", index=drafts.index, dtype="str"),
        llm_model=pd.Series(None, index=drafts.index, dtype="str"),
        prompt_version=pd.Series(None, index=drafts.index, dtype="str"),
        generator_flags=pd.Series([None] * len(drafts), dtype=LIST),
    )[list(DRAFT_COLUMNS)]


@dataclass(frozen=True)
class Picker:
    """Picks free fields for briefs; also what a model left out is repaired with it.

    Attributes:
        atlas: Of the base.
        told: The briefs' frame.
        dice: Their dice.
    """

    atlas: Atlas
    told: pd.DataFrame
    dice: NDArray[np.float64]

    @cached_property
    def spot(self) -> Spot:
        """Where the claims are."""
        keys = (self.told[name].to_numpy(dtype=np.uint64) for name in ("facility_key", "case_key"))
        return self.atlas.spot(*keys)

    def los(self) -> Ints:
        """Stays of other rows with the same diagnosis and severity, within the bounds."""
        low, high = self._bounds("los")
        open_ = np.flatnonzero(low < high)
        stay, die = low.copy(), self.dice[open_, Die.LOS]
        found = climb(
            self.atlas.rows.rungs("los", self.spot.take(open_), STAYS), die, low[open_], high[open_]
        )
        between = low[open_] + np.floor(die * (high[open_] - low[open_] + 1))
        stay[open_] = np.where(found < 0, between, self.atlas.rows.los[found])
        return stay.astype(np.int64)

    def secondary(self) -> pd.Series:
        """Secondary diagnoses of other rows with the same diagnosis and severity."""
        rows, spot = self.atlas.rows, self.spot
        low, high = self._bounds("secondary")
        rungs = rows.rungs("secondary", spot, _COMORBIDITIES)
        die = self.dice[:, Die.SECONDARY]
        found = climb(rungs, die, low, high)
        missing = np.flatnonzero((found < 0) & (low > 0))
        fewer = rows.rungs("secondary", spot.take(missing), _COMORBIDITIES)
        found[missing] = climb(fewer, die[missing], None, high[missing])
        dx = self.atlas.cases.text("dx_primary_code")[spot.case]
        foreign = np.flatnonzero((found >= 0) & (rows.spot.codes["dx"][found] != spot.codes["dx"]))
        found[foreign[rows.secondary.naming(found[foreign], dx[foreign])]] = -1
        return rows.secondary.take(found)

    def member(self) -> Ints:
        """Rows whose members (segment, weight) are like the claim's."""
        rows, spot, die = self.atlas.rows, self.spot, self.dice[:, Die.SEGMENT]
        triples = rows.shelf("order", _TRIPLE)

        def rare(targets: Ints, picked: Ints) -> NDArray[np.bool_]:
            segment = rows.spot.codes["segment"][picked]
            return triples.span(spot.take(targets).having(segment=segment).cell(_TRIPLE)).few

        def again(targets: Ints, other: Floats) -> Ints:
            return climb(rows.rungs("order", spot.take(targets), _MEMBERS), other)

        found = discreet(again(np.arange(len(die)), die), die, rare, again)
        paid = np.flatnonzero(self.told["subsidised"].to_numpy(dtype=bool))
        one = np.ones(len(paid), dtype=np.uint64)
        rungs = rows.rungs("order", spot.take(paid).having(subsidised=one), _SUBSIDISED)
        entitled = climb(rungs, self.dice[paid, Die.SEGMENT])
        found[paid] = np.where(entitled < 0, found[paid], entitled)
        return found

    def person(self, member: Ints) -> dict[str, pd.Series]:
        """Segment and weight of those rows."""
        rows = self.atlas.rows
        at = np.maximum(member, 0)
        return {
            "participant_segment_code": rows.segment.iloc[at].reset_index(drop=True),
            "claim_weight": rows.weight.iloc[at].reset_index(drop=True),
        }

    def amount(self, member: Ints) -> Floats:
        """Tariffs that the base has for such a case, place and segment, within the bounds."""
        rows = self.atlas.rows
        low, high = self._bounds("amount")
        segment = rows.spot.codes["segment"][np.maximum(member, 0)]
        spot, die = self.spot.having(segment=segment), self.dice[:, Die.AMOUNT]
        fraud = self.told["is_fraud"].to_numpy(dtype=bool)
        found = np.full(len(die), -1, dtype=np.int64)
        for ladder, ours in ((_TARIFFS, ~fraud), (_PLANTED_TARIFFS, fraud)):
            which = np.flatnonzero(ours)
            rungs = rows.rungs("amount", spot.take(which), ladder)
            found[which] = climb(rungs, die[which], low[which], high[which])
        return np.where(found < 0, low, rows.amount[found])

    def paid(self, amount: Floats) -> Floats:
        """Paid in full as often as the base is, and cut as far."""
        rows = self.atlas.rows
        rungs = rows.rungs("order", self.spot, _PAYMENTS)
        found = climb(rungs, self.dice[:, Die.PAID])
        ratio = np.where(found < 0, 1.0, rows.ratio[found])
        cut = np.minimum(np.round(amount * ratio / rows.grid) * rows.grid, amount)
        return np.where(ratio < 1.0, cut, amount)

    def _bounds(self, name: str) -> tuple[Floats, Floats]:
        low, high = (self.told[f"{name}_{end}"] for end in ("min", "max"))
        return low.to_numpy(dtype=np.float64), high.to_numpy(dtype=np.float64)
