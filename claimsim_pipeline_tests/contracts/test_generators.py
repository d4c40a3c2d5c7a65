"""What every generator owes, whatever it is made of."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.claims.consequences import derive
from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.brief import Briefs, compose
from claimsim_pipeline.generation.door import DRAFT_COLUMNS, ClaimGenerator
from claimsim_pipeline_tests.contracts.generators import GENERATORS
from claimsim_pipeline_tests.generation.base_frames import (
    contexts_from,
    reference_from,
    slots_of,
)
from claimsim_pipeline_tests.generation.bases import KINDS

EVERY_GENERATOR = pytest.mark.parametrize(
    "generator",
    [pytest.param(n, marks=[pytest.mark.slow] * (n != "mutator")) for n in GENERATORS],
)
EVERY_BASE = pytest.mark.parametrize("base", sorted(KINDS))
EVERY_PROFILE = pytest.mark.parametrize("profile", ["demo", "realistic"])


def base_of(kind: str) -> pd.DataFrame:
    return KINDS[kind]()


@cache
def composed(base: str, profile: str) -> tuple[Briefs, Reference]:
    slots, dice = slots_of((30, 120), 0.8 if profile == "demo" else 0.4)
    contexts = contexts_from(base_of(base), len(slots))
    reference = reference_from(base_of(base)).including(contexts)
    return compose(slots, dice, contexts, reference, profile=profile, seed=3), reference


def made(
    generator: str | ClaimGenerator, briefs: Briefs, reference: Reference
) -> list[pd.DataFrame]:
    maker = GENERATORS[generator]() if isinstance(generator, str) else generator
    return list(maker.generate(briefs, reference))


@cache
def made_once(generator: str, base: str, profile: str) -> list[pd.DataFrame]:
    """The drafts that several tests look at."""
    return made(generator, *composed(base, profile))


@EVERY_GENERATOR
@EVERY_BASE
@EVERY_PROFILE
def test_every_unit_comes_whole_and_once(generator: str, base: str, profile: str) -> None:
    briefs, _ = composed(base, profile)
    frames = made_once(generator, base, profile)
    seen: set[int] = set()
    for frame in frames:
        assert tuple(frame.columns) == DRAFT_COLUMNS
        units = briefs.frame.set_index("slot").loc[frame["slot"], "unit"]
        wanted = briefs.frame[briefs.frame["unit"].isin(units)]["slot"]
        assert sorted(frame["slot"]) == sorted(wanted)
        assert seen.isdisjoint(units)
        seen |= set(units)
    assert sum(map(len, frames)) == len(briefs)


@EVERY_GENERATOR
@EVERY_BASE
@EVERY_PROFILE
def test_bounds_are_obeyed_and_keys_exist(generator: str, base: str, profile: str) -> None:
    briefs, reference = composed(base, profile)
    drafts = pd.concat(made_once(generator, base, profile)).set_index("slot").sort_index()
    told = briefs.frame.set_index("slot")
    assert drafts["los"].between(told["los_min"], told["los_max"]).all()
    amount = drafts["amount_claimed"]
    assert amount.between(told["amount_min"], told["amount_max"]).all()
    assert drafts["amount_paid"].between(0, amount).all()
    assert drafts["facility_key"].isin(reference.facilities["facility_key"]).all()
    assert drafts["case_key"].isin(reference.cases["case_key"]).all()
    assert drafts["care_end_days"].between(0, 14).all()
    assert (drafts["patient"] == told["patient"]).all()
    assert drafts["narrative"].str.len().gt(20).all()


@EVERY_GENERATOR
@EVERY_BASE
@EVERY_PROFILE
def test_claims_break_no_invariant(generator: str, base: str, profile: str) -> None:
    briefs, reference = composed(base, profile)
    drafts = pd.concat(made_once(generator, base, profile), ignore_index=True)
    told = briefs.frame.set_index("slot").loc[drafts["slot"]].reset_index()
    facts = drafts.assign(**{name: told[name] for name in ("key", "claim_id", "due_at")})
    claims = derive(facts, reference, timezone="Asia/Jakarta")
    frame = base_of(base)
    checked = check_frames(claims[list(frame.columns)], frame)
    assert checked.loc[checked["violations"] > 0, ["id", "violations"]].to_numpy().tolist() == []


@EVERY_GENERATOR
def test_the_same_briefs_give_the_same_drafts(generator: str) -> None:
    briefs, reference = composed("usual", "demo")
    maker = GENERATORS[generator]()
    once, again = (
        pd.concat(made(maker, briefs, reference)).sort_values("slot", ignore_index=True)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(once, again)


@EVERY_GENERATOR
@EVERY_PROFILE
def test_a_window_comes_out_the_same_alone(generator: str, profile: str) -> None:
    counts = (30, 40, 30)
    slots, dice = slots_of(counts, 0.5)
    contexts = contexts_from(base_of("usual"), len(slots))
    reference = reference_from(base_of("usual"))
    where = np.repeat(np.arange(3), counts) == 1
    maker = GENERATORS[generator]()

    def drafts(mask: np.ndarray) -> pd.DataFrame:
        ours = slots[mask].reset_index(drop=True)
        ours["slot"], ours["window"] = np.arange(len(ours)), pd.factorize(ours["window"])[0]
        some = contexts[mask].reset_index(drop=True)
        widened = reference.including(some)
        briefs = compose(ours, dice[mask], some, widened, profile=profile, seed=3)
        told = briefs.frame[["claim_id", "due_at", "scenario", "window"]]
        drafts = pd.concat(made(maker, briefs, widened))
        return drafts.sort_values("slot", ignore_index=True).join(told)

    together = drafts(np.ones(len(slots), dtype=bool))
    alone = drafts(where)
    unnumbered = ["slot", "window"]
    pd.testing.assert_frame_equal(
        together[together["window"] == 1].drop(columns=unnumbered).reset_index(drop=True),
        alone.drop(columns=unnumbered).reset_index(drop=True),
    )
