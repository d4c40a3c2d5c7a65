"""What a resumable run needs to be planned again, one small file per run."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from claimsim_pipeline.errors import UsageError

_RUN_ID = re.compile(r"[0-9a-f-]{12,36}")


def save_manifest(home: Path, run_id: str, manifest: dict[str, Any]) -> None:
    """Keep ``manifest`` under ``home/runs``, whole or not at all."""
    path = _path(home, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    draft.replace(path)


def load_manifest(home: Path, run_id: str) -> dict[str, Any]:
    """The manifest of ``run_id``.

    Raises:
        UsageError: If no such run was kept.
    """
    path = _path(home, run_id)
    if not path.exists():
        raise UsageError(
            f"There is no run {run_id!r} to resume in {path.parent}. The run log names the runs "
            "(`run_id`); a window is not resumed but materialized again."
        )
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _path(home: Path, run_id: str) -> Path:
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id[:40]!r} is no run id; the run log shows them (`run_id`).")
    return home / "runs" / f"{run_id}.json"
