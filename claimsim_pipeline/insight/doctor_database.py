"""The database: there, readable, of a version that dashboards open, and whose it is now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.errors import BaseTableError, StoreBusy, StoreError
from claimsim_pipeline.insight.doctor import Finding, Premises, ok, problem, warning
from claimsim_pipeline.storage.base_table import BaseTable
from claimsim_pipeline.storage.guard import database_bytes
from claimsim_pipeline.storage.lease import holder

_DASHBOARDS_READ = 67  # the newest format that DuckDB 1.4 opens
_NEARLY = 0.8


class DoctorStore(Protocol):
    """What the doctor asks of the store, which is not patient for long."""

    path: Path

    def base(self) -> BaseTable:
        """`claims_normalized`."""

    def counts(self) -> dict[str, int]:
        """Rows of each table that exists."""


def database(premises: Premises, store: DoctorStore) -> Iterator[Finding]:
    """Everything about the file."""
    if not premises.database.is_file():
        yield problem(
            "Database",
            f"There is no database at {premises.database}.",
            "Set DUCKDB_PATH to the analytics database, or make one: claimsim demo.",
        )
        return
    yield size(premises.database, premises.max_database_gb)
    yield from _format(premises.database)
    yield from _content(store)
    yield _lease(premises.database)


def size(path: Path, most_gb: float) -> Finding:
    """Whether the file is within `SIM_MAX_DB_GB`."""
    gigabytes = database_bytes(path) / 1e9
    told = f"{path} has {gigabytes:,.3f} GB of SIM_MAX_DB_GB={most_gb:g}"
    remedy = "Run `claimsim prune --compact`, or raise SIM_MAX_DB_GB."
    if gigabytes > most_gb:
        return problem("Database", f"{told}: new runs are refused.", remedy)
    if gigabytes > _NEARLY * most_gb:
        return warning("Database", f"{told}: nearly full.", remedy)
    return ok("Database", told)


def storage_version(path: Path) -> int | None:
    """The number of the file's format; None if it is no DuckDB file, or not readable."""
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError:
        return None
    if len(head) < 20 or head[8:12] != b"DUCK":
        return None
    return int.from_bytes(head[12:20], "little")


def _format(path: Path) -> Iterator[Finding]:
    version = storage_version(path)
    if version is None:
        return  # the reading says why
    if version > _DASHBOARDS_READ:
        yield warning(
            "Database",
            f"Its format is number {version}: dashboards on DuckDB 1.4 cannot open it.",
            "Copy it into a file made with storage_compatibility_version v1.4.0.",
        )
    else:
        yield ok("Database", f"Its format is number {version}; DuckDB 1.4 can open it")


def _content(store: DoctorStore) -> Iterator[Finding]:
    try:
        base, counts = store.base(), store.counts()
    except StoreBusy as busy:
        yield warning("Database", str(busy), "Try again when the other program has let go.")
        return
    except (BaseTableError, StoreError) as error:
        yield problem("Database", str(error), "See the message.")
        return
    yield ok("Base table", f"claims_normalized: {base.rows:,} rows, {len(base.columns)} columns")
    missing = [name for name in COLUMNS if not base.has(name)]
    if missing:
        told = ", ".join(missing[:6]) + (" …" if len(missing) > 6 else "")
        yield ok("Base table", f"{len(missing)} optional columns are not there: {told}")
    live = counts.get("claims_live_stream")
    yield ok("Stream", "none yet" if live is None else f"{live:,} simulated claims")
    yield from _scores(counts)


def _scores(counts: dict[str, int]) -> Iterator[Finding]:
    feed = counts.get("claims_normalized", 0) + counts.get("claims_live_stream", 0)
    cached = counts.get("claims_ml_scores")
    if cached is None:
        return
    told = f"claims_ml_scores covers {cached:,} of {feed:,} claims"
    if cached < feed:
        yield warning("ML scores", told, "Run `claimsim refresh-scores`.")
    else:
        yield ok("ML scores", told)


def _lease(path: Path) -> Finding:
    held = holder(path)
    return ok("Lease", "free: no simulation runs" if held is None else f"held by {held}")
