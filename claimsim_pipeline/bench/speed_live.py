"""Live pace: how far after its due time a claim appears."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from claimsim_pipeline.bench.workplace import TIMEZONE, open_store
from claimsim_pipeline.generation.mutator import Mutator
from claimsim_pipeline.simulation.ad_hoc import AdHocRun, Makers
from claimsim_pipeline.simulation.clock import StopRequest, SystemClock
from claimsim_pipeline.simulation.plan import RunSpec
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.simulation.refresh import model_of
from claimsim_pipeline.simulation.streaming import stream_run

INTERVAL = 0.5


def worst_lateness(database: Path, models: Path, claims: int) -> float:
    """The 99 % quantile of published - due of all claims, seconds."""
    store, clock = open_store(database), SystemClock()
    store.prepare()
    makers = Makers(Mutator(), model_of(store, models).model)
    spec = RunSpec(duration_seconds=1e6, interval_seconds=INTERVAL, max_claims=claims)
    run = AdHocRun.beginning(clock.now(), spec, live=True)
    record = RunRecord(run.run_id, spec, str(database), False, TIMEZONE, clock.now())
    late: list[float] = []

    def told(published: pd.DataFrame, _at: datetime) -> None:
        late.extend((pd.Timestamp(clock.now()) - published["due_at"]).dt.total_seconds())

    stream_run(run, record, store=store, makers=makers, clock=clock, stop=StopRequest(), told=told)
    return float(np.quantile(late, 0.99))
