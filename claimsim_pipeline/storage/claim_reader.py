"""What the other rooms may read of the user's database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.storage import base_table, readers, reference, sampling, stream_table
from claimsim_pipeline.storage.base_table import BaseTable
from claimsim_pipeline.storage.frames import fetch
from claimsim_pipeline.storage.guard import database_bytes
from claimsim_pipeline.storage.sessions import session


class ClaimReader:
    """The user's database, opened for one look at a time.

    Args:
        path: The DuckDB file.
        timezone: IANA name; dates of timestamps are taken in it.
        deadline_seconds: How long to wait for whoever holds the file.
    """

    def __init__(self, path: Path, *, timezone: str, deadline_seconds: float = 30.0) -> None:
        self.path = path
        self._timezone = timezone
        self._deadline = deadline_seconds

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

    def base_sample(self, columns: Sequence[str], *, rows: int, seed: int) -> pd.DataFrame:
        """A uniform seeded sample of the base: those of the columns that it has."""
        with self._reading() as connection:
            base = base_table.shape(connection, self.path)
            return readers.base_sample(connection, base, columns, rows, seed)

    def feed_for_scoring(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Every claim of the feed in chunks: the columns that the base has, or that follow.

        The rows are copied to a private file first: scoring takes longer than anyone may
        keep the database.
        """
        with readers.scratch_folder() as folder:
            spooled = Path(folder) / "feed.parquet"
            with self._reading() as connection:
                base = base_table.shape(connection, self.path)
                readers.spool_feed(connection, base, columns, spooled)
            yield from readers.chunks(spooled)

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

    def database_size(self) -> int:
        """Bytes of the database file and its log."""
        return database_bytes(self.path)

    def _read(self, query: str) -> pd.DataFrame:
        with self._reading() as connection:
            return fetch(connection, query)

    def _reading(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self._session(read_only=True)

    @contextmanager
    def _session(
        self, *, read_only: bool, bulk: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        with session(
            self.path,
            read_only=read_only,
            deadline=self._deadline,
            timezone=self._timezone,
            bulk=bulk,
        ) as connection:
            yield connection
