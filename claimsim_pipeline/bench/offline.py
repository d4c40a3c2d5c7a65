"""Offline claims end to end, in a process of their own: how fast, and how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from claimsim_pipeline.bench.process import peak_mb
from claimsim_pipeline.bench.workplace import TIMEZONE, open_store
from claimsim_pipeline.errors import ClaimsimError


@dataclass(frozen=True)
class Offline:
    """One offline run.

    Attributes:
        rate: Claims per second, from the first sample to the last commit.
        rss_mb: Peak resident memory of the process.
    """

    rate: float
    rss_mb: float


def offline(database: Path, claims: int, *, models: Path | None, interval: float = 10.0) -> Offline:
    """Simulate instant claims.

    Args:
        database: With a base table.
        claims: How many.
        models: Where the anomaly model is kept; None: without the ML score.
        interval: Seconds between two of them; the last one is due now.
    """
    numbers = [str(claims), str(interval), str(models or "")]
    command = [sys.executable, "-m", __name__, str(database), *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClaimsimError(f"the offline run failed: {done.stderr.strip()[-2_000:]}")
    return Offline(**json.loads(done.stdout))


def main(arguments: list[str]) -> None:
    """``DATABASE CLAIMS INTERVAL MODELS``: one run, its figures as JSON."""
    from claimsim_pipeline.generation.mutator import Mutator
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun, Makers
    from claimsim_pipeline.simulation.clock import StopRequest, SystemClock
    from claimsim_pipeline.simulation.plan import RunSpec
    from claimsim_pipeline.simulation.record import RunRecord
    from claimsim_pipeline.simulation.refresh import model_of
    from claimsim_pipeline.simulation.streaming import stream_run

    database, claims, interval, models = arguments
    store, clock = open_store(Path(database)), SystemClock()
    store.prepare()
    model = model_of(store, Path(models)).model if models else None
    spec = RunSpec(duration_seconds=1e9, interval_seconds=float(interval), max_claims=int(claims))
    run = AdHocRun.beginning(clock.now(), spec, live=False)
    record = RunRecord(run.run_id, spec, database, False, TIMEZONE, clock.now())
    began = time.perf_counter()
    stream_run(
        run,
        record,
        store=store,
        makers=Makers(Mutator(), model),
        clock=clock,
        stop=StopRequest(),
    )
    rate = record.inserted / (time.perf_counter() - began)
    sys.stdout.write(json.dumps({"rate": rate, "rss_mb": peak_mb()}))


if __name__ == "__main__":
    main(sys.argv[1:])
