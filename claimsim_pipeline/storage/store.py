"""The store: everything the other rooms may ask of the user's database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.storage import (
    base_table,
    publishing,
    reference,
    sampling,
    stream_table,
    views,
)
from claimsim_pipeline.storage.base_table import BaseTable
from claimsim_pipeline.storage.quoting import sql
from claimsim_pipeline.storage.sessions import session, transaction
from claimsim_pipeline.storage.views import RuleText


@dataclass(frozen=True)
class Published:
    """What one call of :meth:`ClaimStore.publish` did.

    Attributes:
        inserted: Claims that were not there before.
        already: Claims of the batch that were there.
        held_seconds: How long the database was locked for it, waiting not included.
    """

    inserted: int
    already: int
    held_seconds: float


class ClaimStore:
    """The user's database, opened for one transaction at a time.

    Args:
        path: The DuckDB file.
        timezone: IANA name; dates of timestamps are taken in it.
        rules: The rules as SQL text, for the views.
        deadline_seconds: How long to wait for whoever holds the file.
        feed_snapshot: Parquet file to replace after each publication.
    """

    def __init__(
        self,
        path: Path,
        *,
        timezone: str,
        rules: RuleText,
        deadline_seconds: float = 30.0,
        feed_snapshot: Path | None = None,
    ) -> None:
        self.path = path
        self._timezone = timezone
        self._rules = rules
        self._deadline = deadline_seconds
        self._feed_snapshot = feed_snapshot

    def base(self) -> BaseTable:
        """``claims_normalized`` as it is now; raises a BaseTableError if it cannot serve."""
        with self._reading() as connection:
            return base_table.inspect(connection, self.path)

    def sample_contexts(self, draws: Sequence[tuple[int, int]]) -> pd.DataFrame:
        """Uniform rows for each ``(n, seed)``; see :func:`sampling.sample_contexts`."""
        with self._reading() as connection:
            base = base_table.shape(connection, self.path)
            return sampling.sample_contexts(connection, base, draws)

    def read_reference(self) -> Reference:
        """What the base table teaches a generator."""
        with self._reading() as connection:
            return reference.read(connection, base_table.shape(connection, self.path))

    def prepare(self) -> None:
        """Tables and views of the contract; the stream follows the base's columns."""
        with self._writing() as connection:
            base_table.shape(connection, self.path)
            with transaction(connection):
                connection.execute(sql("tables"))
                self._follow_base(connection, renew_views=True)

    def publish(self, batch: pd.DataFrame, *, published_at: datetime) -> Published:
        """Insert the claims that are not there yet, in one transaction per slice.

        Args:
            batch: Contract columns, scores, narrative and truth, one row per claim.
            published_at: When, for the answer sheet.

        Raises:
            ClaimIdTaken: An id belongs to another window's or run's claim.
        """
        inserted, held = 0, 0.0
        for part in publishing.slices(batch):
            with self._writing() as connection, transaction(connection):
                started = time.perf_counter()
                self._follow_base(connection)
                inserted += publishing.publish_slice(connection, part, published_at)
            held += time.perf_counter() - started
        return Published(inserted, len(batch) - inserted, held)

    def retain_window(self, window_starts: Sequence[datetime], batch: pd.DataFrame) -> int:
        """Remove the windows' claims that the batch does not hold with the same content."""
        with self._writing() as connection, transaction(connection):
            self._follow_base(connection)
            return publishing.retain(connection, window_starts, batch)

    def _follow_base(
        self, connection: duckdb.DuckDBPyConnection, *, renew_views: bool = False
    ) -> None:
        columns = stream_table.columns_of(connection, base_table.NAME)
        if stream_table.follow(connection, columns) or renew_views:
            for statement in views.statements(columns, self._rules):
                connection.execute(statement)

    def _reading(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self._session(read_only=True)

    def _writing(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self._session(read_only=False)

    @contextmanager
    def _session(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with session(
            self.path, read_only=read_only, deadline=self._deadline, timezone=self._timezone
        ) as connection:
            yield connection
