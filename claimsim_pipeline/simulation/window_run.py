"""The claims of whole windows, however many: planned, made and scored together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.simulation import stages
from claimsim_pipeline.simulation.ad_hoc import Makers
from claimsim_pipeline.simulation.clock import Clock
from claimsim_pipeline.simulation.plan import Plan, RunSpec, join, plan_window
from claimsim_pipeline.simulation.stages import Setting
from claimsim_pipeline.simulation.windows import Window
from claimsim_pipeline.storage.store import ClaimStore

MOST_SLOTS = 100_000
"""Claims that are worked on together; more windows than that go in turns."""


def scored_windows(
    windows: Sequence[Window],
    spec: RunSpec,
    run_id: str,
    *,
    store: ClaimStore,
    makers: Makers,
    clock: Clock,
    timezone: str,
) -> pd.DataFrame:
    """The scored claims of the windows, ready to be published."""
    setting = Setting(spec, run_id, timezone)
    reference: Reference | None = None
    frames: list[pd.DataFrame] = []
    for plan in _turns([plan_window(window, spec) for window in windows]):
        if reference is None:
            reference, contexts = store.learn(plan.context_draws)
        else:
            contexts = stages.sample(store, plan)
        known = reference.including(contexts)
        briefs = stages.brief(plan, contexts, known, setting)
        for claims in stages.generate(briefs, known, makers.generator, setting):
            frames.append(stages.judge(claims, makers.model, clock.now()))
    return pd.concat(frames, ignore_index=True)


def _turns(plans: Sequence[Plan]) -> Iterator[Plan]:
    """The plans joined into turns of bounded size, in order."""
    turn: list[Plan] = []
    for plan in plans:
        if turn and sum(map(len, turn)) + len(plan) > MOST_SLOTS:
            yield join(turn)
            turn = []
        turn.append(plan)
    if turn:
        yield join(turn)
