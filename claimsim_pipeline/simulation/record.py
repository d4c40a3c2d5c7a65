"""What a run did: counted while it runs, written as one line of the run log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import pandas as pd

from claimsim_pipeline.errors import BatchPending, BudgetStopped, Interrupted
from claimsim_pipeline.simulation.plan import RunSpec


class Books(Protocol):
    """Tokens and US dollars."""

    @property
    def input_tokens(self) -> int:
        """Cached ones included."""
        ...

    @property
    def cached_tokens(self) -> int:
        """Those of the input that the provider had in its cache."""
        ...

    @property
    def output_tokens(self) -> int:
        """Generated ones."""
        ...

    @property
    def cost_usd(self) -> float | None:
        """None if the model has no known price."""
        ...


class Spending(Books, Protocol):
    """A generator's books."""

    def of_window(self, window: str) -> Books:
        """Those of a window's claims."""
        ...


@dataclass(frozen=True)
class Spent:
    """Tokens and US dollars; no dollars where the model has no known price."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None

    @classmethod
    def by(cls, books: Sequence[Books]) -> Spent:
        """All of them together."""
        costs = [book.cost_usd for book in books]
        return cls(
            sum(book.input_tokens for book in books),
            sum(book.cached_tokens for book in books),
            sum(book.output_tokens for book in books),
            None if None in costs else sum(cost or 0.0 for cost in costs),
        )


@runtime_checkable
class PaidGenerator(Protocol):
    """What a generator that pays for its claims can tell."""

    @property
    def spending(self) -> Spending:
        """Its books."""
        ...

    @property
    def repairs(self) -> Mapping[str, int]:
        """How often what was put right in the model's replies."""
        ...

    def remarks(self) -> list[str]:
        """What the user should hear."""
        ...


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
        llm_model: That is asked; None if none is.
        listeners: Are shown what each publication inserted, and when.
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
    paid: list[PaidGenerator] = field(default_factory=list)
    inserted: int = 0
    fraudulent: int = 0
    generators: Counter[str] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)
    worst_lateness: float = 0.0
    listeners: list[Callable[[pd.DataFrame, datetime], None]] = field(default_factory=list)

    def watch(self, generator: object, model: str) -> None:
        """Tell what the generator spends, if it is one that pays for its claims."""
        if isinstance(generator, PaidGenerator):
            self.paid.append(generator)
            self.llm_model = model

    @property
    def spending(self) -> Spent | None:
        """What has been spent so far; None if the model was not asked."""
        return Spent.by([generator.spending for generator in self.paid]) if self.paid else None

    def spent_in(self, window: str) -> Spent | None:
        """What a window's claims have cost in this run; None if the model was not asked."""
        books = [generator.spending.of_window(window) for generator in self.paid]
        return Spent.by(books) if books else None

    @property
    def repairs(self) -> Counter[str]:
        """How often what was put right in the model's replies."""
        return sum((Counter(generator.repairs) for generator in self.paid), Counter())

    def remarks(self) -> list[str]:
        """What the user should hear of the model."""
        return [remark for generator in self.paid for remark in generator.remarks()]

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
        for listener in self.listeners:
            listener(published, at)

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
            "llm_model": None if set(self.generators) == {"mutator"} else self.llm_model,
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
