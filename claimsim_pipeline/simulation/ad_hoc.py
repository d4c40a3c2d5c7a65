"""A run from now on, outside the windows: the SOP's simulator."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.door import ClaimGenerator
from claimsim_pipeline.scoring.score import Anomaly
from claimsim_pipeline.simulation import stages
from claimsim_pipeline.simulation.clock import Clock
from claimsim_pipeline.simulation.plan import RunSpec, plan_run, run_offsets
from claimsim_pipeline.simulation.stages import Setting
from claimsim_pipeline.storage.manifests import load_manifest, save_manifest
from claimsim_pipeline.storage.store import ClaimStore

LEAD = timedelta(seconds=0.5)
"""What the first claims of a live run take to be made offline."""


@dataclass(frozen=True)
class AdHocRun:
    """An ad hoc run, enough of it to be planned again after a crash.

    Attributes:
        run_id: 12 hex digits; the claims' ids come from it.
        start: When the first claim is due, aware.
        spec: The user's choices.
        live: Whether claims wait until they are due.
        begun: Whether the start is settled, as it is of a run that is resumed.
        home: Where it is kept; None: nowhere.
    """

    run_id: str
    start: datetime
    spec: RunSpec
    live: bool
    begun: bool = False
    home: Path | None = None

    @classmethod
    def beginning(cls, now: datetime, spec: RunSpec, *, live: bool) -> AdHocRun:
        """A new run from ``now``; an instant one ends now instead."""
        return cls(secrets.token_hex(6), now, spec, live).from_now(now)

    def from_now(self, now: datetime) -> AdHocRun:
        """The same run, unless it has begun, as if it were called for now.

        A live one starts in a moment, so that its first claim is there when it is due.
        """
        if self.begun:
            return self
        start = now + LEAD
        if not self.live:
            start = now - timedelta(seconds=float(run_offsets(self.run_id, self.spec)[-1]))
        moved = replace(self, start=start)
        return moved if self.home is None else moved.keep(self.home)

    @classmethod
    def resumed(cls, run_id: str, home: Path) -> AdHocRun:
        """The run that was kept under ``home``; a UsageError if there is none."""
        kept = load_manifest(home, run_id)
        start = datetime.fromisoformat(kept["start"])
        return cls(run_id, start, RunSpec(**kept["spec"]), live=kept["live"], begun=True)

    def keep(self, home: Path) -> AdHocRun:
        """Keep under ``home`` what it takes to resume the run; the run, which knows it now."""
        start = self.start.isoformat()
        save_manifest(
            home, self.run_id, {"start": start, "spec": asdict(self.spec), "live": self.live}
        )
        return replace(self, home=home)

    @property
    def planned(self) -> int:
        """How many claims the run will make."""
        return len(run_offsets(self.run_id, self.spec))


@dataclass(frozen=True)
class Makers:
    """Who makes and who scores the claims of a run."""

    generator: ClaimGenerator
    model: Anomaly | None


Learnt = tuple[Reference, pd.DataFrame]
"""What the base teaches, and the contexts of a run's first block."""


def learn(run: AdHocRun, store: ClaimStore) -> Learnt:
    """All that a run has to read before its first claim, whenever that is due."""
    plan = next(plan_run(run.run_id, run.start, run.spec))
    return store.learn(plan.context_draws)


def scored_claims(
    run: AdHocRun, learnt: Learnt, store: ClaimStore, makers: Makers, clock: Clock, timezone: str
) -> Iterator[pd.DataFrame]:
    """The run's claims, block by block, unit by unit, as they are made."""
    setting = Setting(run.spec, run.run_id, timezone)
    reference, first = learnt
    for number, plan in enumerate(plan_run(run.run_id, run.start, run.spec)):
        contexts = stages.sample(store, plan) if number else first
        known = reference.including(contexts)
        briefs = stages.brief(plan, contexts, known, setting)
        for claims in stages.generate(briefs, known, makers.generator, setting):
            yield stages.judge(claims, makers.model, clock.now())
