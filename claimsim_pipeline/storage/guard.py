"""Before a run: is the database small enough, the disk big enough, the folder ours?"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from claimsim_pipeline.errors import DatabaseTooLarge, DiskFull, FolderNotWritable
from claimsim_pipeline.storage import failures

_GB = 1_000_000_000
_LEAST_FREE = 100_000_000


def check_room(
    database: Path, home: Path, *, max_database_gb: float, least_free: int = _LEAST_FREE
) -> None:
    """Refuse a run that would fill the disk or could not write; writes nothing itself.

    Raises:
        DatabaseMissing: There is no database.
        DatabaseTooLarge: It is larger than ``max_database_gb``.
        DiskFull: Less than ``least_free`` bytes are free beside it, or in ``home``.
        FolderNotWritable: A folder cannot be written.
    """
    if not database.exists():
        raise failures.missing(database)
    size = database_bytes(database) / _GB
    if size > max_database_gb:
        raise DatabaseTooLarge(
            f"{database} has {size:.2f} GB, more than SIM_MAX_DB_GB={max_database_gb:g}. Remove "
            "old simulated claims with `claimsim prune --compact`, or raise SIM_MAX_DB_GB."
        )
    for folder in (database.resolve().parent, _nearest(home)):
        _check_folder(folder, least_free)


def database_bytes(database: Path) -> int:
    """Size of the database file and its log."""
    parts = (database, database.with_name(f"{database.name}.wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _check_folder(folder: Path, least_free: int) -> None:
    if not os.access(folder, os.W_OK | os.X_OK) or not folder.is_dir():
        raise FolderNotWritable(
            f"{folder} cannot be written by this user. Change its permissions, or set "
            "DUCKDB_PATH and SIM_HOME to folders of your own."
        )
    free = shutil.disk_usage(folder).free
    if free < least_free:
        raise DiskFull(
            f"Only {free / 1e6:.0f} MB are free in {folder}; a run wants {least_free / 1e6:.0f} "
            "MB. Free some space (`claimsim prune` removes old simulated claims)."
        )


def _nearest(folder: Path) -> Path:
    """The folder itself, or the first of its parents that exists."""
    folder = folder.resolve()
    while not folder.exists():
        folder = folder.parent
    return folder
