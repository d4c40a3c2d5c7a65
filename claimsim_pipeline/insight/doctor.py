"""What a run needs, checked one by one: each finding says how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class State(StrEnum):
    """How a check came out; the worst one decides the exit code."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        check: What was looked at.
        state: How it is.
        text: What was found.
        remedy: What to do; empty if nothing is to be done.
    """

    check: str
    state: State
    text: str
    remedy: str = ""

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return {**asdict(self), "state": str(self.state)}


@dataclass(frozen=True)
class Premises:
    """The places and choices of a run, as the settings tell them.

    Attributes:
        database: `DUCKDB_PATH`.
        folders: By the name of its setting, each folder that is written to.
        max_database_gb: `SIM_MAX_DB_GB`.
        has_key: Whether a key for the model is set. Never the key.
        force_llm: `SIM_FORCE_LLM`.
        model: `SIM_LLM_MODEL`.
        address: `OPENAI_BASE_URL`.
    """

    database: Path
    folders: dict[str, Path]
    max_database_gb: float
    has_key: bool
    force_llm: bool
    model: str
    address: str | None


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """A run would work, but not as somebody may expect."""
    return Finding(check, State.WARNING, text, remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    """A run would fail."""
    return Finding(check, State.PROBLEM, text, remedy)


def worst(findings: Iterable[Finding]) -> State:
    """The worst state among them; ok if there are none."""
    ranks = list(State)
    return max((finding.state for finding in findings), key=ranks.index, default=State.OK)


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """All findings and the worst state."""
    kept = list(findings)
    return {"state": str(worst(kept)), "findings": [finding.plain() for finding in kept]}
