"""The store: everything the other rooms may ask of the user's database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims import invariants
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.errors import StoreError
from claimsim_pipeline.storage import (
    base_table,
    compacting,
    own_tables,
    pruning,
    publishing,
    readers,
    reference,
    sampling,
    stream_table,
    views,
)
from claimsim_pipeline.storage.base_table import BaseTable
from claimsim_pipeline.storage.frames import fetch, fetch_arrow, to_arrow
from claimsim_pipeline.storage.guard import database_bytes
from claimsim_pipeline.storage.parquet_files import replace_parquet
from claimsim_pipeline.storage.pruning import Pruned
from claimsim_pipeline.storage.publishing import Replaced
from claimsim_pipeline.storage.quoting import sql
from claimsim_pipeline.storage.sessions import session, transaction
from claimsim_pipeline.storage.views import RuleText


@dataclass(frozen=True)
class Published:
    """What one call of :meth:`ClaimStore.publish` did.

    Attributes:
        inserted_ids: Ids of the claims that were not there before, in the batch's order.
        already: Claims of the batch that were there.
        held_seconds: From having the file to letting it go, waiting not included.
        removed: Claims of earlier materializations that gave way.
    """

    inserted_ids: pd.Series
    already: int
    held_seconds: float
    removed: int = 0

    @property
    def inserted(self) -> int:
        """How many claims were not there before."""
        return len(self.inserted_ids)


class SnapshotStale(StoreError):
    """The feed's snapshot could not be replaced; the claims are in the database.

    Attributes:
        published: What was published.
    """

    def __init__(self, message: str, published: Published) -> None:
        super().__init__(message)
        self.published = published


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
        self._renewed = False  # whether tables and views are those of this version

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

    def learn(self, draws: Sequence[tuple[int, int]]) -> tuple[Reference, pd.DataFrame]:
        """The reference and context rows in one session, which reads what both need once.

        The contexts hold the keys of their blocks; the reference knows these blocks.
        """
        with self._reading() as connection:
            base = base_table.shape(connection, self.path)
            return reference.read_with_contexts(connection, base, draws)

    def prepare(self) -> None:
        """Tables and views of the contract; the stream follows the base's columns."""
        with self._changing(renew=True):
            pass

    def publish(self, batch: pd.DataFrame, *, published_at: datetime) -> Published:
        """Insert the claims that are not there yet, in one transaction per slice.

        Args:
            batch: Contract columns, scores, narrative and truth, one row per claim.
            published_at: When, for the answer sheet.

        Raises:
            ClaimIdTaken: An id belongs to another window's or run's claim.
        """
        return self._publish(batch, published_at)

    def replace_windows(
        self, window_starts: Sequence[datetime], batch: pd.DataFrame, *, published_at: datetime
    ) -> Published:
        """Let the windows hold these claims and no others, those due later not yet.

        What gives way goes in the transaction of the first slice.

        Args:
            window_starts: The windows.
            batch: All of their claims, as in :meth:`publish`.
            published_at: When, for the answer sheet; claims due after it are not inserted.

        Raises:
            ClaimIdTaken: An id belongs to another window's or run's claim.
        """
        due = batch[batch["due_at"] <= pd.Timestamp(published_at)]
        return self._publish(due, published_at, Replaced(window_starts, to_arrow(batch)))

    def _publish(
        self, batch: pd.DataFrame, published_at: datetime, replaced: Replaced | None = None
    ) -> Published:
        inserted: list[pa.ChunkedArray] = []
        held, removed = 0.0, 0
        parts = list(publishing.slices(batch))
        if replaced is not None and not parts:
            parts = [batch]  # no claim is due yet, but earlier ones may have to go
        for part in parts:
            table = to_arrow(part)  # while the file is still free
            with self._changing(renew=not self._renewed and replaced is not None) as connection:
                started = time.perf_counter()
                if replaced is not None:
                    removed, table = publishing.replace(connection, replaced, table)
                    replaced = None
                inserted.append(publishing.publish_slice(connection, table, published_at))
            held += time.perf_counter() - started
        ids = pd.concat([batch["claim_id"].head(0), *(chunk.to_pandas() for chunk in inserted)])
        published = Published(ids, len(batch) - len(ids), held, removed)
        if self._feed_snapshot is not None:
            try:
                self.write_snapshot(self._feed_snapshot)
            except StoreError as error:
                raise SnapshotStale(str(error), published) from error
        return published

    def retain_window(self, window_starts: Sequence[datetime], batch: pd.DataFrame) -> int:
        """Remove the windows' claims that the batch does not hold with the same content."""
        table = to_arrow(batch)
        with self._changing() as connection:
            return publishing.retain(connection, Replaced(window_starts, table))[0]

    def write_snapshot(self, path: Path) -> None:
        """Replace a Parquet file by the simulated rows of ``claims_high_risk``.

        Raises:
            StoreError: The file cannot be written; the claims are published all the same.
        """
        with self._reading() as connection:
            rows = fetch_arrow(connection, "FROM claims_high_risk WHERE is_simulated")
        replace_parquet(path, rows)

    def base_sample(self, columns: Sequence[str], *, rows: int, seed: int) -> pd.DataFrame:
        """A uniform seeded sample of the base: those of the columns that it has."""
        with self._reading() as connection:
            base = base_table.shape(connection, self.path)
            return readers.base_sample(connection, base, columns, rows, seed)

    def feed_for_scoring(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Every claim of the feed in chunks: those of the columns that the base has.

        The rows are copied to a private file first: scoring takes longer than anyone may
        keep the database.
        """
        with readers.scratch_folder() as folder:
            spooled = Path(folder) / "feed.parquet"
            with self._reading() as connection:
                base = base_table.shape(connection, self.path)
                readers.spool_feed(connection, base, columns, spooled)
            yield from readers.chunks(spooled)

    def replace_ml_scores(self, parquet: Path) -> int:
        """Replace the rows of ``claims_ml_scores`` by those of a file, in one transaction."""
        with self._writing() as connection, transaction(connection):
            connection.execute(sql("tables"))
            return readers.replace_ml_scores(connection, parquet)

    def check_invariants(self, claim_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Count the simulated claims that contradict themselves; see :func:`invariants.check`.

        Args:
            claim_ids: Look at these only.
        """
        with self._reading() as connection:
            return invariants.check(connection, claim_ids=claim_ids)

    def stream(self) -> pd.DataFrame:
        """All of ``claims_live_stream``."""
        return self._read(f"FROM {stream_table.NAME}")

    def scores(self) -> pd.DataFrame:
        """All of ``claims_live_scores``."""
        return self._read("FROM claims_live_scores")

    def truth(self) -> pd.DataFrame:
        """All of ``claims_live_truth``: the answer sheet."""
        return self._read("FROM claims_live_truth")

    def high_risk(self, limit: int, *, simulated_only: bool = False) -> pd.DataFrame:
        """The first rows of ``claims_high_risk``, or of its simulated claims."""
        which = "WHERE is_simulated " if simulated_only else ""
        return self._read(f"FROM claims_high_risk {which}LIMIT {int(limit)}")

    def newest(self, limit: int, *, since: datetime | None = None) -> pd.DataFrame:
        """The latest simulated claims with scores and publication, newest first."""
        with self._reading() as connection:
            return readers.newest(connection, limit, since)

    def counts(self) -> dict[str, int]:
        """Rows of each of our tables and of the base."""
        with self._reading() as connection:
            return readers.counts(connection)

    def prune(self, older_than: datetime, *, dry_run: bool = False) -> Pruned:
        """Remove simulated claims generated before a moment, and orphaned scores and truth."""
        if dry_run:
            with self._reading() as connection:
                return pruning.count(connection, older_than)
        with self._writing() as connection:
            free, size = pruning.free_bytes(connection), database_bytes(self.path)
            with transaction(connection):
                found = pruning.count(connection, older_than)
                pruning.remove(connection, older_than)
            connection.execute("CHECKPOINT")
            with transaction(connection):
                pruning.tidy(connection, found.claims)
            connection.execute("CHECKPOINT")
            freed = pruning.free_bytes(connection) - free + size - database_bytes(self.path)
        return replace(found, bytes_freed=max(freed, 0), dry_run=False)

    def compact(self) -> int:
        """Rewrite the file into a smaller one when nobody holds it; bytes it shrank by."""
        with self._writing() as connection:
            return compacting.compact(connection, self.path.resolve())

    def database_size(self) -> int:
        """Bytes of the database file and its log."""
        return database_bytes(self.path)

    def _read(self, query: str) -> pd.DataFrame:
        with self._reading() as connection:
            return fetch(connection, query)

    @contextmanager
    def _changing(self, *, renew: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction, in which the stream has the base's columns of today."""
        with self._writing() as connection:
            if renew:
                base_table.shape(connection, self.path)
                own_tables.check_sidecars(connection, self.path)
            there = stream_table.present(connection)
            own_tables.check_stream(there, self.path)
            with transaction(connection):
                columns = stream_table.columns_of(connection, base_table.NAME)
                if renew:
                    connection.execute(sql("tables"))
                if stream_table.follow(connection, there, columns) or renew:
                    with own_tables.views_are_ours(self.path):
                        for statement in views.statements(columns, self._rules):
                            connection.execute(statement)
                yield connection
        self._renewed |= renew

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
