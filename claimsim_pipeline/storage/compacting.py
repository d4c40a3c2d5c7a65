"""Rewriting the database into a smaller file, in one atomic step."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from claimsim_pipeline.errors import DiskFull
from claimsim_pipeline.storage.guard import database_bytes
from claimsim_pipeline.storage.quoting import identifier, literal
from claimsim_pipeline.storage.sessions import OLDEST_READER


def compact(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Copy everything into a new file and put it in place of the old one.

    The connection holds the old file for writing, so nobody else has it open, and it is
    still open when the new file takes its name. Use it for nothing afterwards.

    Returns:
        Bytes that the file shrank by.
    """
    connection.execute("CHECKPOINT")  # an empty log: the new file must not inherit it
    before = database_bytes(path)
    _check_space(path, before)
    draft = path.with_name(f".{path.name}.{os.getpid()}.compacting")
    draft.unlink(missing_ok=True)
    try:
        _copy(connection, draft)
        shutil.copymode(path, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return before - database_bytes(path)


def _copy(connection: duckdb.DuckDBPyConnection, draft: Path) -> None:
    ((name,),) = connection.execute("SELECT current_database()").fetchall()
    connection.execute(
        f"ATTACH {literal(str(draft))} AS __compacted (STORAGE_VERSION {literal(OLDEST_READER)})"
    )
    connection.execute(f"COPY FROM DATABASE {identifier(str(name))} TO __compacted")
    connection.execute("CHECKPOINT __compacted")
    connection.execute("DETACH __compacted")


def _check_space(path: Path, needed: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise DiskFull(
            f"Compacting {path} needs up to {needed / 1e6:.0f} MB beside it, and "
            f"{free / 1e6:.0f} MB are free. Nothing was changed. Free some space first."
        )
