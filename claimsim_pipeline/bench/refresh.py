"""`claimsim bench refresh`: a refresh of all ML scores, ours beside the plain way.

The plain way is what a notebook does: the whole table into a pandas frame, one-hot columns, a
scikit-learn isolation forest with the same number of trees, scores written back. Both run on the
same database, each in a process of its own, so that time includes imports and memory is the
process's peak. Ours is timed twice: with the model to be trained, and with the model kept.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from claimsim_pipeline.bench.figures import Figure, at_least, at_most, known
from claimsim_pipeline.bench.plain_refresh import score_plainly
from claimsim_pipeline.bench.process import Measured, measured, peak_mb
from claimsim_pipeline.bench.workplace import database, open_store
from claimsim_pipeline.simulation.refresh import refresh

ROWS = 1_200_000
QUICK_ROWS = 60_000


def run(quick: bool, workdir: Path) -> list[Figure]:
    """Measure ours and the plain way on one table."""
    rows = QUICK_ROWS if quick else ROWS
    path = database(workdir / f"refresh-{rows}.duckdb", rows)
    folder = workdir / "refresh"
    shutil.rmtree(folder, ignore_errors=True)  # a model that is kept there is not to be trained
    folder.mkdir()
    first, again, plain = (_in_a_process(way, path, folder) for way in ("ours", "ours", "plain"))
    note = f"{rows:,} rows"
    faster, ratio = "refresh: times faster than the plain way", plain.seconds / first.seconds
    return [
        at_most("refresh: peak memory", first.rss_mb, "MB", 2_500, f"{note}, model trained"),
        known("refresh: first, model trained", first.seconds, "s", note),
        known("refresh: again, model kept", again.seconds, "s", note),
        known("plain way: time", plain.seconds, "s", note),
        known("plain way: peak memory", plain.rss_mb, "MB", note),
        known(faster, ratio, "x", f"{note}: too few to judge") if quick
        else at_least(faster, ratio, "x", 2.5, "both train"),
        known("refresh, model kept: times faster", plain.seconds / again.seconds, "x"),
    ]  # fmt: skip


def main(arguments: list[str]) -> None:
    """One way, in this process: `ours|plain DATABASE FOLDER`; the measurement as JSON."""
    way, path, folder = arguments[0], Path(arguments[1]), Path(arguments[2])
    began = time.monotonic()
    if way == "ours":
        store = open_store(path)
        store.prepare()
        refresh(store, models=folder / "models", scores_path=folder / "ours.parquet")
    else:
        score_plainly(path, folder / "plain.parquet")
    sys.stdout.write(json.dumps({"seconds": time.monotonic() - began, "rss_mb": peak_mb()}))


def _in_a_process(way: str, path: Path, folder: Path) -> Measured:
    command = [
        sys.executable,
        "-m",
        "claimsim_pipeline.bench.refresh",
        way,
        str(path),
        str(folder),
    ]
    return measured(command)


if __name__ == "__main__":
    main(sys.argv[1:])
