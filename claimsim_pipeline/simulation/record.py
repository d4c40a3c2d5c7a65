"""What a run did: counted while it runs, written as one line of the run log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pandas as pd

from claimsim_pipeline.errors import BatchPending, BudgetStopped, Interrupted
from claimsim_pipeline.simulation.plan import RunSpec


class Spending(Protocol):
    """What a generator that pays for its claims can tell."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass
class RunRecord:
    """The counts of a run, and its line in the run log.

    Attributes:
        run_id: Names the run in the log, on the answer sheet and in errors.
        spec: The user's choices.
        duckdb_path: Of the database, as configured.
        force_llm: Whether the offline mutator was ruled out.
        timezone: IANA name, of the times in the line.
        started_at: Aware.
        window: Partition key(s) of the run; None for ad hoc runs.
        llm_model: None when the mutator made everything.
    """

    run_id: str
    spec: RunSpec
    duckdb_path: str
    force_llm: bool
    timezone: str
    started_at: datetime
    window: str | None = None
    llm_model: str | None = None
    status: str = "running"
    error: str | None = None
    spending: Spending | None = None
    inserted: int = 0
    fraudulent: int = 0
    generators: Counter[str] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)
    worst_lateness: float = 0.0

    def watch(self, generator: object, model: str) -> None:
        """Tell what the generator spends, if it is one that pays for its claims."""
        spending: Spending | None = getattr(generator, "spending", None)
        if spending is not None:
            self.spending, self.llm_model = spending, model

    def count(self, published: pd.DataFrame, at: datetime) -> None:
        """Add the claims that one publication inserted."""
        if published.empty:
            return
        self.inserted += len(published)
        self.fraudulent += int(published["is_fraud"].sum())
        self.generators.update(_counts(published["generator"]))
        self.scenarios.update(_counts(published["fraud_scenario"]))
        late = (pd.Timestamp(at) - published["due_at"].min()).total_seconds()
        self.worst_lateness = max(self.worst_lateness, late)

    def close(self, error: BaseException | None) -> None:
        """Fix the run's status by how it ended."""
        self.status = _status(error)
        self.error = None if error is None else f"{type(error).__name__}: {error}"

    def line(self, ended_at: datetime) -> dict[str, Any]:
        """The run's line of the log; the names are fixed by the contract."""
        zone = ZoneInfo(self.timezone)
        spent = self.spending
        return {
            "started_at": self.started_at.astimezone(zone).isoformat(),
            "ended_at": ended_at.astimezone(zone).isoformat(),
            "duration_seconds": round((ended_at - self.started_at).total_seconds(), 3),
            "inserted_claims": self.inserted,
            "fraudulent_claims": self.fraudulent,
            "fraud_ratio_target": self.spec.fraud_ratio,
            "fraud_profile": self.spec.fraud_profile,
            "duckdb_path": self.duckdb_path,
            "llm_model": self.llm_model,
            "force_llm": self.force_llm,
            "generator_counts": dict(self.generators),
            "run_id": self.run_id,
            "window": self.window,
            "status": self.status,
            "error": self.error,
            "input_tokens": spent.input_tokens if spent else 0,
            "cached_tokens": spent.cached_tokens if spent else 0,
            "output_tokens": spent.output_tokens if spent else 0,
            "cost_usd": spent.cost_usd if spent else 0.0,
        }


def _counts(names: pd.Series) -> dict[str, int]:
    counts = names.value_counts()
    return dict(zip(counts.index.tolist(), counts.tolist(), strict=True))


def _status(error: BaseException | None) -> str:
    if error is None or isinstance(error, BatchPending):
        return "completed"
    if isinstance(error, BudgetStopped):
        return "budget_stopped"
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return "interrupted"
    return "failed"
