"""Connections to the user's database: opened late, closed early, retried with jitter.

Every connection of claimsim is opened here, for the length of one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb

from claimsim_pipeline.storage import failures
from claimsim_pipeline.storage.file_lock import wait_until_free
from claimsim_pipeline.storage.quoting import identifier, literal
from claimsim_pipeline.storage.turnstile import Deadline, turnstile

OLDEST_READER = "v1.4.0"
"""Files that we create can be opened by dashboards pinned to this DuckDB."""

ROW_GROUP = 24_576
"""Rows of a bulk write that go to the file at once, compressed, and not through the log first:
twelve vectors. DuckDB's own row groups are five times as large, and rows that do not fill one
cost half as much again."""

_MAGIC = b"DUCK"
_databases: set[tuple[int, int]] = set()  # devices and inodes of files that were seen to be some
_MEMORY_LIMIT = "768MB"  # leaves room for the models within 1.5 GB a run
_MOST_THREADS = 4
_TAKEN = frozenset({"memory", "system", "temp"})  # names of DuckDB's own databases


@contextmanager
def session(
    path: Path,
    *,
    read_only: bool,
    deadline: float = 30.0,
    timezone: str = "UTC",
    create: bool = False,
    bulk: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that is closed whatever happens inside the block.

    Args:
        path: The database file.
        read_only: Readers share the file; a writer has it alone.
        deadline: Seconds to wait for whoever holds the file.
        timezone: Of the connection: dates of timestamps are taken in it.
        create: Make the file if there is none (readable by DuckDB 1.4).
        bulk: For a writer of many rows: they go to the file in groups of :data:`ROW_GROUP`.

    Raises:
        StoreBusy: Somebody held the file until the deadline.
        DatabaseMissing: There is no file, and ``create`` is off.
        BaseTableError: The file is no database, or a newer one.
        StoreError: Disk full, no permission, or a failed write.
    """
    path = path.resolve()
    _look_at(path, create)
    patience = Deadline(deadline)
    try:
        with turnstile(path, shared=read_only, deadline=patience), failures.translated(path):
            opened = _open_for_bulk if bulk else partial(_open, read_only=read_only)
            connection = _connect(path, opened, read_only=read_only, patience=patience)
            try:
                _configure(connection, timezone)
                yield connection
            finally:
                connection.close()
    except TimeoutError:
        raise failures.busy(path, deadline) from None


def _look_at(path: Path, create: bool) -> None:
    """Refuse what is no database before anything, a lock file say, is made beside it."""
    if not path.exists():
        if create:
            return
        raise failures.missing(path)
    try:
        status = path.stat()
        known = (status.st_dev, status.st_ino)
        if known in _databases:  # to open and close it again would drop the locks of this process
            return
        with path.open("rb") as file:
            if file.read(12)[8:] != _MAGIC:
                raise failures.not_a_database(path, "it does not begin as one")
        _databases.add(known)
    except IsADirectoryError:
        raise failures.not_a_database(path, "it is a folder") from None
    except PermissionError as error:
        raise failures.no_permission(path, error.strerror or "no permission") from None


def _open(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {}
    if not path.exists():
        config["storage_compatibility_version"] = OLDEST_READER
    return duckdb.connect(str(path), read_only=read_only, config=config)


def _open_for_bulk(path: Path) -> duckdb.DuckDBPyConnection:
    """The size of row groups can only be said when a file is attached."""
    if path.name.split(".")[0] in _TAKEN:
        return _open(path, read_only=False)
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH {literal(str(path))} (ROW_GROUP_SIZE {ROW_GROUP})")
        ((name,),) = connection.execute(
            "SELECT database_name FROM duckdb_databases() WHERE path IS NOT NULL"
        ).fetchall()
        connection.execute(f"USE {identifier(name)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(
    path: Path,
    opened: Callable[[Path], duckdb.DuckDBPyConnection],
    *,
    read_only: bool,
    patience: Deadline,
) -> duckdb.DuckDBPyConnection:
    """Connect, asking again for a while: other tools do not take the turnstile."""
    while True:
        try:
            return opened(path)
        except duckdb.Error as error:
            if not failures.is_busy(error):
                raise
            if patience.passed:
                raise failures.busy(path, patience.seconds, error) from error
            if read_only:
                patience.nap()
            else:
                wait_until_free(path, patience)


def _configure(connection: duckdb.DuckDBPyConnection, timezone: str) -> None:
    threads = max(1, min(_MOST_THREADS, usable_cores()))
    connection.execute(
        f"SET TimeZone = {literal(timezone)};"
        f"SET memory_limit = '{_MEMORY_LIMIT}';"
        f"SET threads = {threads};"
        # A checkpoint that merges row groups would hold the file for seconds. What is pruned
        # goes by whole row groups, which cost nothing; `claimsim prune --compact` does the rest.
        "SET max_vacuum_tasks = 0;"
        # Offline always, and a table's name never means a variable of ours.
        "SET autoinstall_known_extensions = false;"
        "SET python_enable_replacements = false;"
    )


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that happens in the block, or none of it."""
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        _abandon(connection)
        raise


def _abandon(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        return  # a failed COMMIT has already rolled back
