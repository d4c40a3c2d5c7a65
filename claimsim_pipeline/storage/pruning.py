"""Taking old simulated claims away, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from claimsim_pipeline.claims.reference import BaseColumn
from claimsim_pipeline.storage import stream_table
from claimsim_pipeline.storage.quoting import identifier, literal, sql

_SIDECARS = ("claims_live_scores", "claims_live_truth")
_MOST_REWRITTEN = 200_000  # about a second


@dataclass(frozen=True)
class Pruned:
    """What a pruning removed, or would remove.

    Attributes:
        claims: Rows of the stream that are older than the cutoff.
        orphans: Rows of scores or truth whose claim is not in the stream any more.
        without_truth: Stream rows that the answer sheet does not know; kept unless old.
        windows: Starts of the windows that lost claims, oldest first.
        bytes_freed: Space that the file gives back to later claims.
        dry_run: True: nothing was removed.
    """

    claims: int
    orphans: int
    without_truth: int
    windows: tuple[datetime, ...]
    bytes_freed: int
    dry_run: bool

    @classmethod
    def nothing(cls, *, dry_run: bool) -> Pruned:
        """Of a database without a stream."""
        return cls(0, 0, 0, (), 0, dry_run)


def count(connection: duckdb.DuckDBPyConnection, cutoff: datetime) -> Pruned:
    """What a pruning would remove."""
    old = old_claims(connection, cutoff)
    ((claims, orphans, without_truth),) = connection.execute(
        sql("prune_count").format(old=old)
    ).fetchall()
    rows = connection.execute(sql("prune_windows").format(old=old)).fetchall()
    windows = tuple(datetime.fromtimestamp(seconds, UTC) for (seconds,) in rows)
    return Pruned(claims, orphans, without_truth, windows, 0, True)


def remove(connection: duckdb.DuckDBPyConnection, cutoff: datetime) -> None:
    """Delete old claims and orphans, within the caller's transaction."""
    connection.execute(f"DELETE FROM {stream_table.NAME} WHERE {old_claims(connection, cutoff)}")
    for table in _SIDECARS:
        connection.execute(
            f"DELETE FROM {table} AS x WHERE NOT EXISTS "
            f"(SELECT 1 FROM {stream_table.NAME} AS s WHERE s.claim_id = x.claim_id)"
        )


def tidy(connection: duckdb.DuckDBPyConnection, removed: int) -> bool:
    """Rewrite what is left when that is little beside what went; whether it was.

    A row group keeps its space until its last row goes. To be called after a checkpoint
    has freed the space of the others, so that the file need not grow for it.
    """
    ((left,),) = connection.execute(f"SELECT count(*) FROM {stream_table.NAME}").fetchall()
    if left > min(removed, _MOST_REWRITTEN):
        return False
    for table in (stream_table.NAME, *_SIDECARS):
        connection.execute(f"CREATE TABLE {table}__kept AS FROM {table}")
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE {table}__kept RENAME TO {table}")
    return True


def old_claims(connection: duckdb.DuckDBPyConnection, cutoff: datetime) -> str:
    """The condition for a stream row to be old: by ``generated_at``, else by due time."""
    moment = f"CAST({literal(cutoff.isoformat())} AS TIMESTAMPTZ)"
    column = _generated_at(stream_table.columns_of(connection, stream_table.NAME))
    if column is not None:
        return f"{column} < {moment}"
    return f"claim_id IN (SELECT claim_id FROM claims_live_truth WHERE due_at < {moment})"


def _generated_at(columns: Sequence[BaseColumn]) -> str | None:
    for column in columns:
        if column.name.lower() == "generated_at":
            return f"TRY_CAST({identifier(column.name)} AS TIMESTAMPTZ)"
    return None


def free_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Bytes of the file that hold nothing."""
    ((block, free),) = connection.execute(
        "SELECT block_size, free_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()
    return int(block) * int(free)
