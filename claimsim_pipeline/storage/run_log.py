"""The run log: one JSON line per run, also for runs that failed or were killed.

A run leaves a start marker in ``SIM_HOME/running`` until its line is written. A
marker without a living run behind it is that of a killed one: the next run writes
its ``interrupted`` line, once.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from claimsim_pipeline.errors import DiskFull, FolderNotWritable
from claimsim_pipeline.storage import lease, lock_files

_ROTATE_BYTES = 10_000_000
_TAIL_BYTES = 1_000_000
_alive: set[str] = set()
"""Runs that this process has begun and not ended; a resumed run has the id of a dead one."""


class RunLog:
    """Lines of finished runs in a file, markers of running ones in a folder.

    Args:
        path: The log, one JSON object per line.
        home: ``SIM_HOME``.
        rotate_bytes: A log that has passed this size is set aside, gzipped.
    """

    def __init__(self, path: Path, home: Path, *, rotate_bytes: int = _ROTATE_BYTES) -> None:
        self._path = path
        self._markers = home / "running"
        self._rotate_bytes = rotate_bytes

    def begin(self, run_id: str, line: Mapping[str, Any]) -> None:
        """Leave the start marker of a run; again, to keep its counts up to date.

        Raises:
            FolderNotWritable: The marker, or at the end the line, could not be written.
        """
        with self._locked():
            os.close(self._open())
        _alive.add(run_id)
        with explained(self._markers):
            self._markers.mkdir(parents=True, exist_ok=True)
            marker = self._marker(run_id)
            draft = marker.with_suffix(".tmp")
            draft.write_text(_json(line), encoding="utf-8")
            draft.replace(marker)

    def end(self, run_id: str, line: Mapping[str, Any]) -> None:
        """Write the line of a run and take its marker away."""
        _alive.discard(run_id)
        with self._locked():
            self._append(line)
            self._marker(run_id).unlink(missing_ok=True)

    def dead(self) -> list[str]:
        """Ids of the runs that were killed and have no line yet; nothing is written."""
        lines = [_read(marker) for marker in self._dead_markers()]
        return [str(line["run_id"]) for line in lines if line is not None and "run_id" in line]

    def recover(self) -> int:
        """Write the lines of runs that were killed; the number of them."""
        if not self._markers.is_dir():
            return 0
        with self._locked():
            return sum(self._bury(marker) for marker in self._dead_markers())

    def _dead_markers(self) -> list[Path]:
        return [marker for marker in sorted(self._markers.glob("*.json")) if self._is_dead(marker)]

    def _is_dead(self, marker: Path) -> bool:
        """Whether nobody holds the lease of the marker's database in this run's name."""
        line = _read(marker)
        if line is None or "duckdb_path" not in line:
            return True
        holder = lease.holder(Path(str(line["duckdb_path"])))
        if holder is None or holder.run_id != line.get("run_id"):
            return True
        ours = (holder.pid, holder.host) == (os.getpid(), socket.gethostname())
        return ours and holder.run_id not in _alive  # we resume a run that was killed

    def _bury(self, marker: Path) -> int:
        line = _read(marker)
        if line is not None and not self._is_written(line):
            error = "The process died without a word: killed, or the machine went down."
            self._append({**line, "status": "interrupted", "error": error})
        marker.unlink(missing_ok=True)
        return int(line is not None)

    def _is_written(self, line: Mapping[str, Any]) -> bool:
        """Whether the log has this run already: killed between line and marker."""
        if not self._path.exists():
            return False
        with self._path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            tail = file.read()
        known = [line[name] for name in ("run_id", "started_at") if name in line]
        return all(json.dumps(value).encode() in tail for value in known)

    def _append(self, line: Mapping[str, Any]) -> None:
        """One write at the end of the file, on a line of its own even after a torn one."""
        self._rotate()
        file = self._open()
        try:
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            os.write(file, ("\n" * torn + _json(line) + "\n").encode())
        finally:
            os.close(file)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, lock_files.MODE)

    def _rotate(self) -> None:
        if not self._path.exists() or self._path.stat().st_size <= self._rotate_bytes:
            return
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        aside = self._path.with_name(f"{self._path.stem}.{stamp}{self._path.suffix}")
        self._path.replace(aside)
        with aside.open("rb") as plain, gzip.open(f"{aside}.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        aside.unlink()

    def _marker(self, run_id: str) -> Path:
        """A marker's name is a hash: whatever a run is called never becomes a path."""
        return self._markers / f"{hashlib.sha256(run_id.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with explained(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = f"{self._path}.lock"
            lock_files.make(lock)
            with FileLock(lock):
                yield


def _json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=True, default=str)


def _read(marker: Path) -> dict[str, Any] | None:
    try:
        line = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return line if isinstance(line, dict) else None


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Raise errors of the operating system about a folder of ours as our own."""
    try:
        yield
    except OSError as error:
        explain(folder, error)


def explain(folder: Path, error: OSError) -> None:
    """Raise an error of the operating system as ours."""
    if error.errno in {28, 122}:  # ENOSPC, EDQUOT
        raise DiskFull(f"No space left in {folder}. Free some space, then run again.") from error
    raise FolderNotWritable(
        f"Cannot write in {folder} ({error.strerror or error}). Check the folder's permissions, "
        "or set SIM_HOME and SIM_LOG_PATH."
    ) from error
