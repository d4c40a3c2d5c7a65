"""Runs that wait for their turn: one file each, locked for as long as its process lives.

A run has no start marker yet while it waits for the lease. Killed then, it would be taken
for one that waits still; the kernel knows better.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from claimsim_pipeline.storage import lock_files
from claimsim_pipeline.storage.run_log import explained

_FOLDER = "waiting"
_LONGEST_ID = 1_000


@contextmanager
def waiting(home: Path, run_id: str) -> Iterator[None]:
    """Let it be known under ``SIM_HOME`` that a run waits, until the block ends."""
    folder = home / _FOLDER
    path = folder / hashlib.sha256(run_id.encode()).hexdigest()[:32]
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock_files.make(str(path))
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with explained(folder):
            os.write(handle, run_id.encode())  # a file without a name is not locked yet
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def gave_up(home: Path) -> Iterator[str]:
    """Ids of runs that were killed while they waited; each is told once."""
    folder = home / _FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            if run_id := os.read(handle, _LONGEST_ID).decode(errors="replace"):
                yield run_id
                path.unlink(missing_ok=True)
        finally:
            os.close(handle)
