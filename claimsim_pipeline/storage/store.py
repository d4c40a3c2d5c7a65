"""The store: everything the other rooms may ask of the user's database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.errors import StoreError
from claimsim_pipeline.storage import (
    base_table,
    compacting,
    own_tables,
    pruning,
    publishing,
    readers,
    stream_table,
    views,
)
from claimsim_pipeline.storage.claim_reader import ClaimReader
from claimsim_pipeline.storage.frames import fetch_arrow, to_arrow
from claimsim_pipeline.storage.guard import database_bytes
from claimsim_pipeline.storage.parquet_files import replace_parquet
from claimsim_pipeline.storage.pruning import Pruned
from claimsim_pipeline.storage.published import Published, SnapshotStale
from claimsim_pipeline.storage.publishing import Replaced
from claimsim_pipeline.storage.quoting import sql
from claimsim_pipeline.storage.sessions import ROW_GROUP, transaction
from claimsim_pipeline.storage.views import RuleText

__all__ = ["ClaimStore", "Published", "SnapshotStale"]


class ClaimStore(ClaimReader):
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
        super().__init__(path, timezone=timezone, deadline_seconds=deadline_seconds)
        self._rules = rules
        self._feed_snapshot = feed_snapshot
        self._renewed = False  # whether tables and views are those of this version

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
            if replaced is not None and len(replaced.batch) == len(part):
                table = replaced.batch
            else:
                table = to_arrow(part)  # while the file is still free
            renew = not self._renewed and replaced is not None
            with self._changing(renew=renew, bulk=len(part) >= ROW_GROUP) as connection:
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

    def replace_ml_scores(self, parquet: Path) -> int:
        """Replace the rows of ``claims_ml_scores`` by those of a file, in one transaction."""
        with self._writing() as connection, transaction(connection):
            connection.execute(sql("tables"))
            return readers.replace_ml_scores(connection, parquet)

    def prune(self, older_than: datetime, *, dry_run: bool = False) -> Pruned:
        """Remove simulated claims generated before a moment, and orphaned scores and truth."""
        with self._reading() as connection:
            there = stream_table.present(connection)
            own_tables.check_stream(there, self.path)
            if there is None:  # there was no simulation yet
                return Pruned.nothing(dry_run=dry_run)
            own_tables.check_sidecars(connection, self.path, needed=dry_run)
            if dry_run:
                return pruning.count(connection, older_than)
        with self._writing() as connection:
            free, size = pruning.free_bytes(connection), database_bytes(self.path)
            with transaction(connection):
                connection.execute(sql("tables"))  # a stream of another program's has no sidecars
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

    @contextmanager
    def _changing(
        self, *, renew: bool = False, bulk: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction, in which the stream has the base's columns of today."""
        with self._session(read_only=False, bulk=bulk) as connection:
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

    def _writing(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self._session(read_only=False)
