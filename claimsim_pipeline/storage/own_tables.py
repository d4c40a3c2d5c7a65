"""Whether the tables that bear our names are ours: nobody else's is ever changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from claimsim_pipeline.claims.reference import BaseColumn
from claimsim_pipeline.errors import StoreError
from claimsim_pipeline.storage import stream_table
from claimsim_pipeline.storage.publishing import SCORES, TRUTH

_NEEDED: Mapping[str, frozenset[str]] = {
    "claims_live_scores": frozenset({"claim_id", *SCORES, "scored_at"}),
    "claims_live_truth": frozenset({"claim_id", *TRUTH, "published_at"}),
    "claims_ml_scores": frozenset({"claim_id", "ml_score", "ml_score_normalized"}),
}


def check_stream(columns: Sequence[BaseColumn] | None, path: Path) -> None:
    """Raise a StoreError if there is a stream without claim ids: rebuilding it would lose rows."""
    if columns is not None:
        _refuse(stream_table.NAME, columns, frozenset({"claim_id"}), path)


def check_sidecars(
    connection: duckdb.DuckDBPyConnection, path: Path, *, needed: bool = False
) -> None:
    """Look at the tables beside the stream; outside a transaction.

    Raises:
        StoreError: One is somebody else's, or missing although it is needed.
    """
    for name, columns_needed in _NEEDED.items():
        try:
            columns = stream_table.columns_of(connection, name)
        except duckdb.CatalogException as error:
            if needed:
                raise StoreError(
                    f"{path} has a stream but no table {name}. A simulation or a pruning that is "
                    "no dry run makes it."
                ) from error
            continue
        _refuse(name, columns, columns_needed, path)


@contextmanager
def views_are_ours(path: Path) -> Iterator[None]:
    """A StoreError where a view's name is that of a table."""
    try:
        yield
    except duckdb.CatalogException as error:
        raise StoreError(
            f"A view that dashboards read cannot be made in {path}: {error}. Rename that table, "
            "then run again; nothing was changed."
        ) from error


def _refuse(name: str, columns: Sequence[BaseColumn], needed: frozenset[str], path: Path) -> None:
    lacking = sorted(needed - {column.name.lower() for column in columns})
    if lacking:
        raise StoreError(
            f"The table {name} in {path} is not ours: it has no {', '.join(lacking)}. Rename it, "
            "then run again; nothing was changed."
        )
