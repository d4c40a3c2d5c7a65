"""A measurement in a process of its own: wall time with imports, and the peak of its memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from claimsim_pipeline.errors import ClaimsimError


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Attributes:
        seconds: From start to exit, imports included.
        rss_mb: Peak resident memory.
    """

    seconds: float
    rss_mb: float


def measured(command: list[str]) -> Measured:
    """Run a command whose standard output is a JSON object with its `rss_mb`."""
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        raise ClaimsimError(
            f"the benchmark {' '.join(command[1:])} failed: {done.stderr.strip()[-2_000:]}"
        )
    return Measured(seconds, float(json.loads(done.stdout)["rss_mb"]))


def peak_mb() -> float:
    """This process's peak resident memory, what it was forked from not included."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
