"""Claims from the loopback model for the benches: briefs, a measured run, their validity.

As a program, `ADDRESS FOLDER COUNT CONCURRENCY`: buys that many claims and says how many came.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from claimsim_pipeline.bench.workplace import SEED, TIMEZONE, database, open_store
from claimsim_pipeline.claims.consequences import derive
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.demo.build import build_claims
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.llm.client import Endpoint
from claimsim_pipeline.generation.llm.generator import LLMGenerator, Options
from claimsim_pipeline.simulation import stages
from claimsim_pipeline.simulation.plan import RunSpec, plan_run

MODEL = "gpt-4o-mini"
ROWS = 20_000
_RUN_ID = "0123456789ab"
_START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Work:
    """Briefs of a run, and what the base teaches."""

    briefs: Briefs
    reference: Reference


@dataclass(frozen=True)
class Bought:
    """What a run brought.

    Attributes:
        drafts: In the order of their slots.
        ended_at: When the last one came out, monotonic seconds.
        cpu_seconds: Of this process, for the run alone.
        seconds: Of the whole call.
        generator: With its books.
    """

    drafts: pd.DataFrame
    ended_at: float
    cpu_seconds: float
    seconds: float
    generator: LLMGenerator


def work(workdir: Path, count: int) -> Work:
    """The briefs of so many claims on a demo table."""
    store = open_store(database(workdir / f"llm-{ROWS}.duckdb", ROWS))
    spec = RunSpec(duration_seconds=1e9, max_claims=count, seed=7)
    plan = next(plan_run(_RUN_ID, _START, spec))
    contexts = stages.sample(store, plan)
    known = store.read_reference().including(contexts)
    setting = stages.Setting(spec, _RUN_ID, TIMEZONE)
    return Work(stages.brief(plan, contexts, known, setting), known)


def buy(told: Work, base_url: str, home: Path, concurrency: int) -> Bought:
    """Ask for all claims of the work; forced, so that no mutator stands in."""
    options = Options(MODEL, _RUN_ID, home)
    generator = LLMGenerator(Endpoint("key", base_url, concurrency=concurrency), options)
    cpu, began = time.process_time(), time.monotonic()
    frames = list(generator.generate(told.briefs, told.reference))
    ended = time.monotonic()
    drafts = pd.concat(frames, ignore_index=True).sort_values("slot", ignore_index=True)
    return Bought(drafts, ended, time.process_time() - cpu, ended - began, generator)


def contradictions(told: Work, drafts: pd.DataFrame) -> int:
    """Violations of the invariants among the claims that follow from these drafts."""
    base = to_pandas(build_claims(ROWS, SEED, timezone=TIMEZONE))
    plan = told.briefs.frame.iloc[drafts["slot"].to_numpy()].reset_index(drop=True)
    facts = drafts.assign(**{name: plan[name] for name in ("key", "claim_id", "due_at")})
    claims = derive(facts, told.reference, timezone=TIMEZONE)
    return int(check_frames(claims, base)["violations"].sum())


def main(arguments: list[str]) -> None:
    """Buy claims in this process."""
    address, folder, count, concurrency = arguments
    told = work(Path(folder), int(count))
    bought = buy(told, address, Path(folder) / "home", int(concurrency))
    sys.stdout.write(json.dumps({"rows": len(bought.drafts)}))


if __name__ == "__main__":
    main(sys.argv[1:])
