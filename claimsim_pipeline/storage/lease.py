"""One simulation at a time per database, whoever starts it.

The lock is the kernel's, on ``<database>.lease``: a holder that died holds nothing. Who
holds it is told by ``<database>.lease.json``, which alone means nothing.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from claimsim_pipeline.errors import DiskFull, FolderNotWritable, LeaseHeld
from claimsim_pipeline.storage import lock_files

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 0.2  # whoever only asks who holds the lease has it for a moment


@dataclass(frozen=True)
class Holder:
    """Who runs a simulation on a database, and since when."""

    run_id: str
    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"run {self.run_id} (process {self.pid} on {self.host}, since {self.since})"


class Lease:
    """The right to simulate on a database, for the length of a ``with`` block.

    Args:
        database: The database file; the lease lies beside it.
        run_id: Named to whoever wants the lease meanwhile.
        wait_seconds: How long to wait for the simulation before this one.
        named: False: hold it even where a full disk has no room for who does; whoever makes room
            cannot wait for it.
    """

    def __init__(
        self, database: Path, *, run_id: str, wait_seconds: float = 0.0, named: bool = True
    ) -> None:
        self._database = database.resolve()
        self._run_id = run_id
        self._wait = wait_seconds
        self._named = named
        self._lock = _lock_of(self._database)

    def __enter__(self) -> Self:
        try:
            lock_files.make(self._lock.lock_file)
            self._lock.acquire(timeout=max(self._wait, _GRACE_SECONDS), poll_interval=_POLL_SECONDS)
        except Timeout:
            raise self._held() from None
        except OSError as error:
            raise self._refused(error) from error
        try:
            _write(self._database, self._run_id)
        except OSError as error:
            _note_of(self._database).unlink(missing_ok=True)  # it names a holder that is dead
            if self._named:
                self._lock.release()
                raise self._refused(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _note_of(self._database).unlink(missing_ok=True)
        self._lock.release()

    def _held(self) -> LeaseHeld:
        who = read_holder(self._database)
        return LeaseHeld(
            f"Another simulation runs on {self._database}: {who or 'it has not said which'}. "
            "Wait for it to end (`--wait SECONDS` does), or stop it."
        )

    def _refused(self, error: OSError) -> DiskFull | FolderNotWritable:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return DiskFull(
                f"No space left to make the lease beside {self._database}. Free some space "
                "(`claimsim prune` removes old simulated claims), then run the command again."
            )
        return FolderNotWritable(
            f"Cannot make the lease beside {self._database} ({error.strerror}). "
            "Give this user the right to write in that folder."
        )


def holder(database: Path) -> Holder | None:
    """Who holds the lease of a database now; None if nobody does."""
    database = database.resolve()
    lock = _lock_of(database)
    if not Path(lock.lock_file).exists():
        return None
    try:
        with lock.acquire(timeout=0):
            return None
    except Timeout:
        return read_holder(database)


def read_holder(database: Path) -> Holder | None:
    """What the holder, dead or alive, wrote down about itself."""
    try:
        return Holder(**json.loads(_note_of(database).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _lock_of(database: Path) -> FileLock:
    # Not thread-local: a run may end in another thread than it began in.
    return FileLock(f"{database}.lease", thread_local=False)


def _note_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.lease.json")


def _write(database: Path, run_id: str) -> None:
    since = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    note = Holder(run_id, os.getpid(), socket.gethostname(), since)
    draft = _note_of(database).with_suffix(f".{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps(asdict(note)), encoding="utf-8")
        draft.replace(_note_of(database))
    finally:
        draft.unlink(missing_ok=True)
