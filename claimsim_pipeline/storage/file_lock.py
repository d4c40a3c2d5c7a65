"""When a database's file is let go: asked of the kernel, which costs a thousandth of an attempt.

DuckDB holds a POSIX record lock on its file. Among readers that come and go the file is free
for moments only; whoever tries to open it every few milliseconds misses most of them.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import time
from pathlib import Path

from claimsim_pipeline.storage.turnstile import Deadline

_FLOCK = "hhqqi"  # type, whence, start, length, pid: struct flock of 64-bit Linux
_PAUSE = 0.001


def wait_until_free(path: Path, deadline: Deadline) -> None:
    """Wait until nobody holds the file, for a would-be writer whose process does not either.

    Opening and closing a file drops all POSIX locks that this process has on it; a writer that
    waits has the turnstile, so there are none. Elsewhere than on Linux it naps once.

    Args:
        path: The database file.
        deadline: When to return all the same.
    """
    if sys.platform != "linux":
        deadline.nap()
        return
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while not deadline.passed and _held(handle):
            time.sleep(_PAUSE)
    finally:
        os.close(handle)


def _held(handle: int) -> bool:
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, *_ = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, wanted))
    return int(kind) != fcntl.F_UNLCK
