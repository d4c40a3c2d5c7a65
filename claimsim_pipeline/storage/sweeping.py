"""Old files of ours: staged frames, manifests, replies, packed logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

_FOLDERS = ("staging", "runs", "journal", "quarantine")
_KEPT = ("journal", "batches")
"""What was submitted and not collected yet: paid for, whatever its age."""


def sweep(home: Path, log: Path, cutoff: datetime) -> int:
    """Delete files last written before the cutoff; how many.

    To be called while the lease is held: a living run reads and writes here.

    Args:
        home: ``SIM_HOME``.
        log: The run log; those set aside and packed beside it are swept.
        cutoff: Aware.
    """
    oldest = cutoff.timestamp()
    old = [path for path in _ours(home, log) if path.lstat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _ours(home: Path, log: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in (home / folder).rglob("*"):
            held = path.relative_to(home).parts[: len(_KEPT)] == _KEPT
            if path.is_file() and not path.is_symlink() and not held:
                yield path
    yield from log.parent.glob(f"{log.stem}.*.gz")
