"""A database with the demo's claims, for people who have none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.demo.build import SEED, build_claims
from claimsim_pipeline.errors import UsageError

_READABLE_BY = "v1.4.0"
"""Dashboards are pinned to DuckDB 1.4; a newer file format would lock them out."""


@dataclass(frozen=True)
class DemoReport:
    """What was made."""

    path: Path
    rows: int
    seconds: float


def seed_database(
    path: Path, *, rows: int = 50_000, seed: int = SEED, timezone: str = "Asia/Jakarta"
) -> DemoReport:
    """Write the demo's ``claims_normalized`` into the database at ``path``.

    A new file gets its name only when it is complete.

    Raises:
        UsageError: If the database has a ``claims_normalized`` already.
    """
    started = time.perf_counter()
    if path.exists():
        _refuse_if_there(path)
    claims = build_claims(rows, seed, timezone=timezone)
    draft = path if path.exists() else path.with_name(f".{path.name}.draft")
    if draft != path:
        draft.unlink(missing_ok=True)
    with duckdb.connect(str(draft), config={"storage_compatibility_version": _READABLE_BY}) as db:
        db.register("claims", claims)
        columns = ", ".join(f"CAST({n} AS {c.type}) AS {n}" for n, c in COLUMNS.items())
        db.execute(f"CREATE TABLE claims_normalized AS SELECT {columns} FROM claims")
    draft.replace(path)
    return DemoReport(path, rows, time.perf_counter() - started)


def _refuse_if_there(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as db:
        tables = {row[0] for row in db.execute("SHOW TABLES").fetchall()}
    if "claims_normalized" in tables:
        raise UsageError(
            f"{path} has a claims_normalized already; the demo never touches one. "
            "Name a database without it, or remove the file."
        )
