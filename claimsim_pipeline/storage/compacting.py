"""Rewriting the database into a smaller file, in one atomic step."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from claimsim_pipeline.errors import DiskFull, FolderNotWritable
from claimsim_pipeline.storage.guard import database_bytes
from claimsim_pipeline.storage.quoting import identifier, literal
from claimsim_pipeline.storage.sessions import OLDEST_READER

_SUFFIX = ".compacting"


def compact(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Copy everything into a new file and put it in place of the old one.

    The connection holds the old file for writing, so nobody else has it open, and it is
    still open when the new file takes its name. Use it for nothing afterwards.

    Returns:
        Bytes that the file shrank by.
    """
    connection.execute("CHECKPOINT")  # an empty log: the new file must not inherit it
    before = database_bytes(path)
    _clear(path)
    _check_space(path, before)
    # A folder that only we may enter: until it has the old file's mode, nobody reads the copy.
    room = Path(tempfile.mkdtemp(_SUFFIX, _prefix(path), path.parent))
    try:
        draft = room / path.name
        _copy(connection, draft)
        _give_away(draft, path)
        draft.replace(path)
    finally:
        shutil.rmtree(room)
    return before - database_bytes(path)


def _clear(path: Path) -> None:
    """Remove what a compaction that was killed has left; whoever holds the file is the only one."""
    for left in path.parent.iterdir():
        if left.name.startswith(_prefix(path)) and left.name.endswith(_SUFFIX):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _prefix(path: Path) -> str:
    return f".{path.name}."


def _give_away(draft: Path, path: Path) -> None:
    """Let the new file have the old one's owner, group and mode."""
    owner = path.stat()
    try:
        if (owner.st_uid, owner.st_gid) != (draft.stat().st_uid, draft.stat().st_gid):
            os.chown(draft, owner.st_uid, owner.st_gid)
    except PermissionError as error:
        raise FolderNotWritable(
            f"{path} belongs to user {owner.st_uid} and group {owner.st_gid}, and a new file "
            "cannot be given to them by this user. Nothing was changed. Compact it as its owner."
        ) from error
    shutil.copymode(path, draft)


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
