"""DuckDB's errors, told as ours: what happened, to which file, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from claimsim_pipeline.errors import (
    ClaimsimError,
    DatabaseMissing,
    DatabaseTooNew,
    DiskFull,
    FolderNotWritable,
    NotADatabase,
    StoreBusy,
    StoreError,
)

_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")
_BUSY = (
    "Conflicting lock is held",
    "different configuration than existing connections",
    "is already attached by database",
)
_DAMAGED = (
    "not a valid DuckDB database",
    "Corrupt database file",
    "Could not read enough bytes",
    "Is a directory",
    "Corrupt WAL file",
)


def is_busy(error: duckdb.Error) -> bool:
    """Whether the file is merely held by somebody, so that waiting helps."""
    return any(sign in str(error) for sign in _BUSY)


def busy(database: Path, seconds: float, error: duckdb.Error | None = None) -> StoreBusy:
    """The error for a database that stayed locked until the deadline."""
    held = _HOLDER.search(str(error or ""))
    who = f"process {held['pid']} ({held['program']})" if held else "another process"
    return StoreBusy(
        f"{database} stayed locked by {who} for {seconds:g} s. Nothing was written in that time. "
        "Run the command again when it lets go, or raise SIM_STORE_DEADLINE_SECONDS."
    )


@contextmanager
def translated(database: Path) -> Iterator[None]:
    """Raise what DuckDB reports about the file as one of our own errors."""
    try:
        yield
    except duckdb.Error as error:
        known = translate(database, error)
        if known is None:
            raise
        raise known from error


def translate(database: Path, error: duckdb.Error) -> ClaimsimError | None:
    """The leaf of our error tree for an error of DuckDB, if it is about the file."""
    text = str(error)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return DiskFull(
            f"No space left for {database}; nothing of this transaction was written. Free some "
            "space (`claimsim prune` removes old simulated claims), then run the command again."
        )
    if "version number" in text and "can only read version" in text:
        return DatabaseTooNew(
            f"{database} was written by a newer DuckDB than {duckdb.__version__}. "
            "Upgrade this environment's duckdb, or give DUCKDB_PATH another file."
        )
    if any(sign in text for sign in _DAMAGED):
        return not_a_database(database, text)
    return _of_the_folder(database, text) or _of_the_server(database, error)


def _of_the_folder(database: Path, text: str) -> ClaimsimError | None:
    if str(database) not in text:
        return None  # about some other file, one that a view reads perhaps
    if "database does not exist" in text or "No such file or directory" in text:
        return missing(database)
    if "Permission denied" in text or "Read-only file system" in text:
        return no_permission(database, text)
    return None


def _of_the_server(database: Path, error: duckdb.Error) -> ClaimsimError | None:
    """Errors of the machine or of stored values; mistakes in our own SQL stay DuckDB's."""
    machine = (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException)
    if isinstance(error, (*machine, duckdb.ConversionException, duckdb.TransactionException)):
        return StoreError(f"DuckDB could not finish on {database}: {error}")
    return None


def missing(database: Path) -> DatabaseMissing:
    """The error for a database file that is not there."""
    return DatabaseMissing(
        f"There is no database at {database}. Set DUCKDB_PATH to the analytics database, "
        "or make one with `claimsim demo`."
    )


def not_a_database(database: Path, why: str) -> NotADatabase:
    """The error for a file that DuckDB cannot read as a database."""
    return NotADatabase(
        f"{database} is not a usable DuckDB database: {why}. "
        "Set DUCKDB_PATH to the analytics database, or restore this file."
    )


def no_permission(database: Path, why: str) -> FolderNotWritable:
    """The error for a file or folder that this user may not open."""
    return FolderNotWritable(
        f"{database} cannot be opened: {why}. "
        "Give this user the right to read and write the file and its folder."
    )
