"""A turnstile before the database: everyone queues at the gate, readers share the room.

DuckDB lets one writer *or* many readers in and turns everyone else away at
once, so a writer among fast pollers starves. Two empty files beside the database,
``<database>.gate`` and ``<database>.room``, held with ``flock``, give writers
their turn: a waiting writer holds the gate shut until the readers inside have
left. The kernel frees both when a process dies. Programs that do not know of the
turnstile are unaffected; they only do not profit from it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from claimsim_pipeline.storage.lock_files import MODE

logger = logging.getLogger(__name__)

_SHORTEST_WAIT = 0.002
_LONGEST_WAIT = 0.020


class Deadline:
    """A moment to give up at, and jittered naps until then.

    Args:
        seconds: From now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._ceiling = _SHORTEST_WAIT * 2

    @property
    def passed(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self._end

    def nap(self) -> None:
        """Wait a little, a bit longer each time, and never past the end."""
        pause = random.uniform(_SHORTEST_WAIT, self._ceiling)  # noqa: S311 - jitter, no secret
        self._ceiling = min(self._ceiling * 1.3, _LONGEST_WAIT)
        time.sleep(max(0.0, min(pause, self._end - time.monotonic())))


@contextmanager
def turnstile(database: Path, *, shared: bool, deadline: Deadline) -> Iterator[None]:
    """Stand in line for the database; readers share it, a writer has it alone.

    Args:
        database: The database file; the two lock files lie beside it.
        shared: True for readers.
        deadline: When to give up.

    Raises:
        TimeoutError: The deadline passed in the queue.
    """
    gate = _lock_file(database, ".gate")
    room = _lock_file(database, ".room")
    try:
        _take(gate, fcntl.LOCK_EX, deadline)
        _take(room, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, deadline)
        if shared:
            _leave(gate)
            gate = None
        yield
    finally:
        for handle in (room, gate):
            _leave(handle)


def _lock_file(database: Path, suffix: str) -> int | None:
    """Open a lock file, or none where the folder lets us neither make nor open it."""
    path = f"{database}{suffix}"
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    for mode in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):  # flock needs no write permission
        try:
            return os.open(path, mode | flags, MODE)
        except OSError as error:
            problem = error
    logger.info("No turnstile beside %s: %s", database, problem.strerror)
    return None


def _take(handle: int | None, kind: int, deadline: Deadline) -> None:
    if handle is None:
        return
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if deadline.passed:
                raise TimeoutError from None
            deadline.nap()
        else:
            return


def _leave(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)  # closing frees the flock
