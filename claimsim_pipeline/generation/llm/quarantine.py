"""Claims that were given up, each with the raw replies that were paid for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def put_away(folder: Path, key: str, cause: str, replies: list[dict[str, Any]]) -> Path:
    """Write one claim's file; a later run of the same claim replaces it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_UNSAFE.sub('_', key)}.json"
    told = {"key": key, "cause": cause, "replies": replies}
    draft = path.with_suffix(".part")
    text = json.dumps(told, ensure_ascii=False, indent=1)
    draft.write_text(
        text, encoding="utf-8", errors="backslashreplace"
    )  # half a character stays one
    draft.replace(path)
    return path
