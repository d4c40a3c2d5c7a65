"""Claims that were given up, each with the raw replies that were paid for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from claimsim_pipeline.errors import DiskFull, FolderNotWritable
from claimsim_pipeline.generation.llm.journal import FULL

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def put_away(folder: Path, key: str, cause: str, replies: list[dict[str, Any]]) -> Path:
    """Write one claim's file; a later run of the same claim replaces it.

    Raises:
        DiskFull: If there was no room.
        FolderNotWritable: If the folder cannot be written.
    """
    path = folder / f"{_UNSAFE.sub('_', key)}.json"
    told = {"key": key, "cause": cause, "replies": replies}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    try:
        _write(path, text)
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull(f"No space left to quarantine a reply in {path}: make room.") from None
        raise FolderNotWritable(f"{path} cannot be written ({error}).") from None
    return path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8", errors="backslashreplace")  # half a character is kept
    draft.replace(path)
