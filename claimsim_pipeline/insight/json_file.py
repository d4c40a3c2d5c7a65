"""Files that readers never see half-written."""

from __future__ import annotations

import errno
import json
import os
import uuid
from pathlib import Path
from typing import Any

from claimsim_pipeline.errors import DiskFull, FolderNotWritable


def write_json(path: Path, content: Any) -> None:
    """Replace a file by the content, or leave it as it was.

    Raises:
        DiskFull: There was no space.
        FolderNotWritable: The folder cannot be written to.
    """
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def write_text(path: Path, text: str) -> None:
    """Replace a file by the text, or leave it as it was.

    Raises:
        DiskFull: There was no space.
        FolderNotWritable: The folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode())
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"no space left to write {path}; free some and try again") from error
        raise FolderNotWritable(
            f"cannot write {path} ({error.strerror}); check the folder's permissions"
        ) from error


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.writing")
    try:
        # As narrow as the user's umask, and never writable by the world.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o664), "wb") as file:
            file.write(data)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
