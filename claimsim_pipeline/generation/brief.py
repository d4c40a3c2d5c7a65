"""What each claim is to be: honest or of a scenario, where, of whom, within which bounds.

A brief holds no personal data: allow-listed properties of a context row, and
what the dice say. Both generators obey it. It is composed for all windows of a
call at once, and a window's briefs do not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation import series as visits
from claimsim_pipeline.generation.anchors import Ring, Stage, ring
from claimsim_pipeline.generation.atlas import Atlas, Spot, atlas
from claimsim_pipeline.generation.limits import limits
from claimsim_pipeline.generation.places import Places
from claimsim_pipeline.generation.shelf import Ints
from claimsim_pipeline.generation.timing import care_ends
from claimsim_pipeline.generation.typology import Scenario, Typology, typology
from claimsim_pipeline.generation.units import Units, alone, with_fraud

_CONTEXT = ("los", "amount_claimed", "amount_paid", "dx_secondary_codes")


@dataclass(frozen=True)
class Briefs:
    """One row per claim.

    Attributes:
        frame: slot, window, index, key, claim_id, due_at, is_fraud, scenario
            (NULL for honest claims), unit (slot of its group's first claim), member
            (0..), facility_key, case_key, los_min, los_max (days), amount_min,
            amount_max (Rp), secondary_min, secondary_max (codes), subsidised (only
            segments 2 and 3), patient (stand-in number, unique in its window but
            for groups of one patient), care_end_days (0..14), and the context's
            own values as ctx_los, ctx_amount_claimed, ctx_amount_paid, ctx_dx_secondary_codes.
        dice: The plan's dice, row for row.
    """

    frame: pd.DataFrame
    dice: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)


def compose(
    slots: pd.DataFrame,
    dice: NDArray[np.float64],
    contexts: pd.DataFrame,
    reference: Reference,
    *,
    profile: str,
    seed: int,
) -> Briefs:
    """The briefs of a plan.

    Args:
        slots: The plan's frame, in the order of slots.
        dice: The plan's dice.
        contexts: One context row per slot, in that order.
        reference: Of the base, the contexts' blocks included.
        profile: ``demo`` or ``realistic``.
        seed: Decides which facilities are bad.
    """
    return _Composer(slots, dice, contexts, reference, profile, seed).briefs()


class _Composer:
    """One call's intermediate results."""

    def __init__(
        self,
        slots: pd.DataFrame,
        dice: NDArray[np.float64],
        contexts: pd.DataFrame,
        reference: Reference,
        profile: str,
        seed: int,
    ) -> None:
        self._slots, self._dice, self._contexts = slots, dice, contexts
        self._profile = profile
        self._atlas = atlas(reference)
        self._known: Typology = typology()
        self._windows = slots["window"].to_numpy(dtype=np.int64)
        self._fraud = slots["is_fraud"].to_numpy(dtype=bool)
        bad: Ring = ring(self._atlas, seed)
        self._stages, self._mix = stages(self._atlas, self._known, profile, bad)

    def briefs(self) -> Briefs:
        """All steps in their order."""
        windows, dice = self._windows, self._dice
        units = with_fraud(
            alone(len(windows)), np.flatnonzero(self._fraud), windows, dice, self._mix
        )
        places = Places(self._atlas, self._contexts, dice)
        units, series = self._with_series(units, places)
        scenarios = [scenario for scenario, _ in self._mix]
        for number, scenario in enumerate(scenarios):
            ours = np.flatnonzero(units.scenario == number)
            places.stage(self._stages[scenario.name], scenario, units, ours)
        spot = self._atlas.spot(places.facility, places.case)
        return Briefs(self._frame(units, series, places, spot, scenarios), dice)

    def _with_series(self, units: Units, places: Places) -> tuple[Units, Ints]:
        """Honest visits of one patient, in the realistic profile."""
        if self._profile != "realistic" or self._atlas.reference.duplicate_rate <= 0:
            return units, np.zeros(0, dtype=np.int64)
        chance = visits.chances(self._atlas, self._known.series)
        by_slot = chance[self._atlas.cases.rows(places.case)]
        honest = np.flatnonzero(~self._fraud)
        found = visits.find(honest, self._windows, by_slot, self._dice)
        places.give_up(found.given_up, chance)
        places.follow(found.seconds, found.firsts)
        head, member = units.head.copy(), units.member.copy()
        head[found.seconds], member[found.seconds] = found.firsts, 1
        return Units(head, member, units.scenario), found.seconds

    def _frame(
        self, units: Units, series: Ints, places: Places, spot: Spot, scenarios: list[Scenario]
    ) -> pd.DataFrame:
        slots, head = self._slots, units.head
        days, stay = care_ends(units, series, scenarios, spot, self._dice)
        names = np.array([*(scenario.name for scenario in scenarios), None], dtype=object)
        index = slots["index"].to_numpy(dtype=np.int64)
        frame = slots[["slot", "window", "index", "window_start", "key", "claim_id"]].reset_index(
            drop=True
        )
        context = self._contexts[list(_CONTEXT)].add_prefix("ctx_").reset_index(drop=True)
        return frame.assign(
            due_at=slots["due_at"].take(head).reset_index(drop=True),
            is_fraud=self._fraud,
            scenario=pd.Series(names[units.scenario], dtype="str"),
            unit=frame["slot"].to_numpy()[head],
            member=units.member,
            facility_key=places.facility,
            case_key=places.case,
            **self._limits(units, spot, scenarios, stay),
            patient=index[_patient(units, series, scenarios)],
            care_end_days=days,
        ).join(context)

    def _limits(
        self, units: Units, spot: Spot, scenarios: list[Scenario], stay: Ints
    ) -> dict[str, NDArray[np.generic]]:
        """The bounds of every claim; ``stay`` is what timing has fixed, or -1."""
        bounds = limits(self._atlas, spot, units.scenario, scenarios, self._profile)
        fixed = stay >= 0
        bounds.los_min[fixed] = bounds.los_max[fixed] = stay[fixed]
        return {field.name: getattr(bounds, field.name) for field in fields(bounds)}


def stages(
    known: Atlas, all_scenarios: Typology, profile: str, bad: Ring
) -> tuple[dict[str, Stage], list[tuple[Scenario, float]]]:
    """Where each scenario can happen, and the profile's mix of those that can."""
    found, mix = {}, []
    for name, share in all_scenarios.profiles[profile].items():
        scenario = all_scenarios.scenarios[name]
        stage = Stage(known, scenario, bad)
        if len(stage.eligible):
            found[name] = stage
            mix.append((scenario, share))
    return found, mix


def _patient(units: Units, series: Ints, scenarios: list[Scenario]) -> Ints:
    """Position of the slot whose number a claim's patient has."""
    one_patient = np.array(
        [*(s.kind in ("same_patient", "cross_facility") for s in scenarios), False]
    )[units.scenario]
    one_patient[series] = True
    return np.where(one_patient, units.head, np.arange(len(units.head)))
