"""A database with the demo's claims, for people who have none."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.demo.build import SEED, claim_slices
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
    draft = path if path.exists() else path.with_name(f".{path.name}.draft")
    if draft != path:
        draft.unlink(missing_ok=True)
    with duckdb.connect(str(draft), config={"storage_compatibility_version": _READABLE_BY}) as db:
        _write(db, claim_slices(rows, seed, timezone=timezone))
    draft.replace(path)
    return DemoReport(path, rows, time.perf_counter() - started)


def _write(db: duckdb.DuckDBPyConnection, slices: Iterable[pa.Table]) -> None:
    """All or nothing: a database of the user's never keeps half a table."""
    columns = ", ".join(f"{name} {column.type}" for name, column in COLUMNS.items())
    db.execute("SET enable_progress_bar = false")  # stdout belongs to the command
    db.execute("BEGIN")
    db.execute(f"CREATE TABLE claims_normalized ({columns})")
    for claims in slices:
        db.register("claims", claims)
        db.execute("INSERT INTO claims_normalized BY NAME FROM claims")
        db.unregister("claims")
    db.execute("COMMIT")


def _refuse_if_there(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as db:
        tables = {row[0] for row in db.execute("SHOW TABLES").fetchall()}
    if "claims_normalized" in tables:
        raise UsageError(
            f"{path} has a claims_normalized already; the demo never touches one. "
            "Name a database without it, or remove the file."
        )
