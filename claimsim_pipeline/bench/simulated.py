"""Simulated claims for the benches: a base that hides half its patients, and runs upon it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.bench.workplace import TIMEZONE, open_store
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.demo.build import build_claims
from claimsim_pipeline.generation.mutator import Mutator
from claimsim_pipeline.simulation.ad_hoc import AdHocRun, Makers, learn, scored_claims
from claimsim_pipeline.simulation.clock import SystemClock
from claimsim_pipeline.simulation.plan import RunSpec
from claimsim_pipeline.simulation.refresh import model_of
from claimsim_pipeline.storage.store import ClaimStore

INTERVAL = 10.0
START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class SplitBase:
    """A demo table, half of whose patients the generator knows.

    Attributes:
        store: Its base table holds the known half only.
        known: That half.
        holdout: The other patients.
    """

    store: ClaimStore
    known: pd.DataFrame
    holdout: pd.DataFrame


@dataclass(frozen=True)
class Simulated:
    """Scored claims with their answer sheet, row by row."""

    claims: pd.DataFrame

    @property
    def truth(self) -> pd.DataFrame:
        """`is_fraud` and `fraud_scenario`."""
        return self.claims[["is_fraud", "fraud_scenario"]]

    @property
    def fraud(self) -> NDArray[np.bool_]:
        """The label."""
        return self.claims["is_fraud"].to_numpy(dtype=bool)


def split_base(workdir: Path, rows: int, seed: int) -> SplitBase:
    """Make a demo table and a database that holds the claims of every second patient."""
    base = to_pandas(build_claims(rows, seed, timezone=TIMEZONE))
    known = pd.util.hash_array(base["patient_key"].to_numpy(dtype=object)) % 2 == 0
    path = workdir / "realism.duckdb"
    path.unlink(missing_ok=True)
    half = base[known].reset_index(drop=True)
    with duckdb.connect(str(path)) as connection:
        connection.register("half", half)
        connection.execute("CREATE TABLE claims_normalized AS SELECT * FROM half")
    store = open_store(path)
    store.prepare()
    return SplitBase(store, half, base[~known].reset_index(drop=True))


def wanted(claims: int, profile: str, ratio: float, seed: int) -> RunSpec:
    """So many claims, one each ten seconds."""
    return RunSpec(
        duration_seconds=claims * INTERVAL * 2,
        interval_seconds=INTERVAL,
        max_claims=claims,
        fraud_ratio=ratio,
        fraud_profile=profile,
        seed=seed,
    )


def simulate(store: ClaimStore, workdir: Path, spec: RunSpec) -> Simulated:
    """Make and score claims offline, without publishing them."""
    run = AdHocRun(f"{spec.seed or 0:012x}", START, spec, live=False, begun=True)
    makers = Makers(Mutator(), model_of(store, workdir / "models").model)
    learnt = learn(run, store)
    made = scored_claims(run, learnt, store, makers, SystemClock(), TIMEZONE)
    return Simulated(pd.concat(made, ignore_index=True))
