"""Runs of Dagster as a user starts them, beside runs of the same shape that do nothing.

The runs are started as processes; Dagster is not imported here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from claimsim_pipeline.errors import ClaimsimError

_EMPTY = "claimsim_pipeline.orchestration.empty_location"


def one_window(database: Path, home: Path, *, empty: bool) -> float:
    """Seconds of ``dagster job execute`` for one window of default size."""
    key = _keys(1)[0]
    return _execute(database, home, {"dagster/partition": key}, empty=empty)


def windows(database: Path, home: Path, count: int, *, empty: bool) -> float:
    """Seconds of one run over ``count`` windows."""
    keys = _keys(count)
    tags = {
        "dagster/asset_partition_range_start": keys[0],
        "dagster/asset_partition_range_end": keys[-1],
    }
    return _execute(database, home, tags, empty=empty)


def import_seconds(module: str) -> float:
    """Seconds to import a module in a fresh interpreter, its start included."""
    began = time.perf_counter()
    command = [sys.executable, "-c", f"import {module}"]
    subprocess.run(command, check=True, env=usual_environment())
    return time.perf_counter() - began


def _keys(count: int) -> list[str]:
    """Past windows of UTC, the last one ended yesterday."""
    last = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [last - timedelta(minutes=30 * n) for n in range(count, 0, -1)]
    return [start.strftime("%Y-%m-%d-%H:%M") for start in starts]


def _execute(database: Path, home: Path, tags: dict[str, str], *, empty: bool) -> float:
    home.mkdir(parents=True, exist_ok=True)
    dagster_home = home / ("dagster-empty" if empty else "dagster")
    dagster_home.mkdir(exist_ok=True)
    (dagster_home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    location = ["-m", _EMPTY] if empty else _MODULE
    job = "empty_simulation" if empty else "simulate_claims"
    command = [sys.executable, "-m", "dagster", "job", "execute", *location, "-j", job]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--tags", json.dumps(tags)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(database, home, dagster_home),
    )
    if done.returncode != 0:
        raise ClaimsimError(f"the Dagster run failed: {done.stderr.strip()[-2_000:]}")
    return time.perf_counter() - began


_MODULE = ["-m", "claimsim_pipeline.definitions"]


def usual_environment() -> dict[str, str]:
    """The variables of this process, but for one that makes every start compile all modules."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def environment(database: Path, home: Path, dagster_home: Path) -> dict[str, str]:
    """Variables of a run on a database, with everything else under a folder."""
    return {
        **usual_environment(),
        "DAGSTER_HOME": str(dagster_home),
        "DUCKDB_PATH": str(database),
        "SIM_HOME": str(home / "instance"),
        "SIM_LOG_PATH": str(home / "runs.jsonl"),
        "SIM_FORCE_LLM": "false",
        "SIM_TIMEZONE": "UTC",
        "SIM_MAX_DB_GB": "100",
    }
