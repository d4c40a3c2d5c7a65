"""Reading for the other rooms: each opens the database once, for one query."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.storage import sampling, stream_table, views
from claimsim_pipeline.storage.base_table import NAME as BASE
from claimsim_pipeline.storage.base_table import BaseShape
from claimsim_pipeline.storage.drawing import Request
from claimsim_pipeline.storage.frames import fetch, to_pandas
from claimsim_pipeline.storage.quoting import identifier, identifiers, literal

OURS = (stream_table.NAME, "claims_live_scores", "claims_live_truth", "claims_ml_scores")
CHUNK = 200_000


def base_sample(
    connection: duckdb.DuckDBPyConnection,
    base: BaseShape,
    columns: Sequence[str],
    rows: int,
    seed: int,
) -> pd.DataFrame:
    """A uniform seeded sample of the base's usable rows, in the order of the table."""
    names = _select(base.present(columns), base)
    request = Request(rows, np.random.default_rng(seed), at_most=True)
    positions = np.unique(sampling.draw_positions(connection, base, [request]))
    picks = sampling.joined(connection, positions)
    found = fetch(
        connection, f"SELECT __position, {names} FROM {base.positioned} {picks} ORDER BY __position"
    )
    return found.drop(columns="__position")


def spool_feed(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, columns: Sequence[str], path: Path
) -> None:
    """Copy columns of the feed into a Parquet file, so that the database is free again.

    Columns that rules look at and the base lacks are computed, as in ``claims_high_risk``.
    """
    own = [column.name for column in base.columns]
    names = _select(base.present(columns), base)
    lacking = [name for name in views.computable(own) if name in columns and not base.has(name)]
    computed = (f"CAST({name} AS {COLUMNS[name].type}) AS {name}" for name in lacking)
    names = ", ".join((names, *computed))
    parts = (
        f"SELECT {names} FROM {views.completed(own, table) if lacking else table}"
        for table in (BASE, stream_table.NAME)
    )
    feed = " UNION ALL BY NAME ".join(parts)
    connection.execute(f"COPY ({feed}) TO {literal(str(path))} (FORMAT parquet)")


def chunks(path: Path) -> Iterator[pd.DataFrame]:
    """The rows of a Parquet file, in frames of bounded size."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=CHUNK):
            yield to_pandas(pa.Table.from_batches([batch]))


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A private folder that goes away by itself."""
    return tempfile.TemporaryDirectory(prefix="claimsim-")


def replace_ml_scores(connection: duckdb.DuckDBPyConnection, parquet: Path) -> int:
    """Fill ``claims_ml_scores`` from a Parquet file, one row per claim id."""
    with pq.ParquetFile(parquet) as file:
        names = ["claim_id", "ml_score", "ml_score_normalized", "model_version"]
        batches = file.iter_batches(columns=names, batch_size=CHUNK)
        schema = pa.schema([file.schema_arrow.field(name) for name in names])
        reader = pa.RecordBatchReader.from_batches(
            schema, (batch.select(names) for batch in batches)
        )
        connection.register("__scores", reader)
        connection.execute("DELETE FROM claims_ml_scores")
        connection.execute(
            "INSERT INTO claims_ml_scores SELECT claim_id, any_value(ml_score), "
            "any_value(ml_score_normalized), any_value(model_version) "
            "FROM __scores GROUP BY claim_id"
        )
        connection.unregister("__scores")
    ((rows,),) = connection.execute("SELECT count(*) FROM claims_ml_scores").fetchall()
    return int(rows)


def newest(
    connection: duckdb.DuckDBPyConnection, limit: int, since: datetime | None
) -> pd.DataFrame:
    """The latest simulated claims with scores and publication, newest first.

    Their ids are found first and written into the query: the view then reads a few row
    groups of the stream instead of all of it, and the file is free again four times sooner.
    Columns of the base that are named like the answer sheet's give way to those.
    """
    after = (
        f"WHERE published_at > CAST({literal(since.isoformat())} AS TIMESTAMPTZ)" if since else ""
    )
    picked = connection.execute(
        f"SELECT claim_id FROM claims_live_truth {after} "
        f"ORDER BY published_at DESC, due_at DESC, claim_id LIMIT {int(limit)}"
    ).fetchall()
    ids = ", ".join(literal(str(claim_id)) for (claim_id,) in picked) or "NULL"
    told = ("published_at", "due_at", "generator", "is_fraud")
    names = [c.name for c in stream_table.columns_of(connection, "claims_high_risk")]
    return fetch(
        connection,
        f"SELECT {identifiers([n for n in names if n.lower() not in told], 'h')}, "
        f"{identifiers(told, 't')} "
        f"FROM (FROM claims_high_risk WHERE is_simulated AND claim_id IN ({ids})) AS h "
        f"JOIN (FROM claims_live_truth WHERE claim_id IN ({ids})) AS t ON t.claim_id = h.claim_id "
        "ORDER BY t.published_at DESC, t.due_at DESC, h.claim_id",
    )


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each of our tables that exist, and of the base."""
    tables = (BASE, *OURS)
    there = {
        str(row[0])
        for row in connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database()"
        ).fetchall()
    }
    return {
        name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])
        for name in tables
        if name in there
    }


def _select(names: Sequence[str], base: BaseShape) -> str:
    """Contract columns in the contract's types, whatever the table's own are."""
    return ", ".join(
        f"TRY_CAST({base.own(name)} AS {COLUMNS[name].type}) AS {identifier(name)}"
        for name in names
    )
