"""A dashboard's worker, as somebody else would write it: it imports nothing of ours.

`python reader.py outsider|turnstile DATABASE SECONDS PATIENCE` polls ten times a second and
writes what it took as JSON.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
import time
from collections.abc import Iterator

import duckdb

POLL = (
    "SELECT count(*), max(generated_at) FROM claims_live_stream; "
    "SELECT facility_class, count(*), sum(amount_claimed) FROM claims_feed GROUP BY ALL"
)
PERIOD = 0.1
RETRY = 0.01


@contextlib.contextmanager
def turn(path: str) -> Iterator[None]:
    """The recipe: queue at the gate, enter the room together with the other readers."""
    with open(f"{path}.gate", "a") as gate, open(f"{path}.room", "a") as room:  # noqa: PTH123 - as an outsider writes it
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def poll(path: str, way: str, patience: float) -> bool:
    """Ask once; refused openings are tried again for a while."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with turn(path) if way == "turnstile" else contextlib.nullcontext():
            try:
                with duckdb.connect(path, read_only=True) as connection:
                    connection.execute(POLL).fetchall()
                return True
            except duckdb.IOException:
                pass
        time.sleep(RETRY)
    return False


def main(way: str, path: str, seconds: float, patience: float) -> None:
    """Poll until the time is over."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    waits, failed, until = [], 0, time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        failed += not poll(path, way, patience)
        waits.append(time.monotonic() - began)
        time.sleep(max(0.0, PERIOD - waits[-1]))
    sys.stdout.write(json.dumps({"seconds": waits, "failed": failed}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
