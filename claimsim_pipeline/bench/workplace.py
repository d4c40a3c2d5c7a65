"""What benches work on: a demo database of a given size, and a store that opens it."""

from __future__ import annotations

from pathlib import Path

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.scoring.rules import RULESET
from claimsim_pipeline.storage.store import ClaimStore

TIMEZONE = "Asia/Jakarta"
SEED = 20_260_101


def database(path: Path, rows: int) -> Path:
    """A demo database at the path; one that is there already is used again."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        seed_database(path, rows=rows, seed=SEED, timezone=TIMEZONE)
    return path


def open_store(path: Path) -> ClaimStore:
    """A store with today's rules."""
    return ClaimStore(path, timezone=TIMEZONE, rules=RULESET)
