"""A run from now on, outside the windows: the SOP's simulator."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True)
class AdHocRun:
    """An ad hoc run, enough of it to be planned again after a crash.

    Attributes:
        run_id: 12 hex digits; the claims' ids come from it.
        start: When the first claim is due, aware.
        spec: The user's choices.
        live: Whether claims wait until they are due.
    """

    run_id: str
    start: datetime
    spec: RunSpec
    live: bool

    @classmethod
    def beginning(cls, now: datetime, spec: RunSpec, *, live: bool) -> AdHocRun:
        """A new run from ``now``; an instant one ends now instead."""
        run_id = secrets.token_hex(6)
        start = now
        if not live:
            start = now - timedelta(seconds=float(run_offsets(run_id, spec)[-1]))
        return cls(run_id, start, spec, live)

    @classmethod
    def resumed(cls, run_id: str, home: Path) -> AdHocRun:
        """The run that was kept under ``home``; a UsageError if there is none."""
        kept = load_manifest(home, run_id)
        start = datetime.fromisoformat(kept["start"])
        return cls(run_id, start, RunSpec(**kept["spec"]), live=kept["live"])

    def keep(self, home: Path) -> None:
        """Keep under ``home`` what it takes to resume the run."""
        start = self.start.isoformat()
        save_manifest(
            home, self.run_id, {"start": start, "spec": asdict(self.spec), "live": self.live}
        )

    @property
    def planned(self) -> int:
        """How many claims the run will make."""
        return len(run_offsets(self.run_id, self.spec))


@dataclass(frozen=True)
class Makers:
    """Who makes and who scores the claims of a run."""

    generator: ClaimGenerator
    model: Anomaly | None


def scored_claims(
    run: AdHocRun, store: ClaimStore, makers: Makers, clock: Clock, timezone: str
) -> Iterator[pd.DataFrame]:
    """The run's claims, block by block, unit by unit, as they are made."""
    setting = Setting(run.spec, run.run_id, timezone)
    reference: Reference | None = None
    for plan in plan_run(run.run_id, run.start, run.spec):
        if reference is None:
            reference, contexts = store.learn(plan.context_draws)
        else:
            contexts = stages.sample(store, plan)
        known = reference.including(contexts)
        briefs = stages.brief(plan, contexts, known, setting)
        for claims in stages.generate(briefs, known, makers.generator, setting):
            yield stages.judge(claims, makers.model, clock.now())
