"""The usual loop, written for the comparison: one claim at a time, on one open connection.

For each claim a row is sampled, copied into a dict, changed a little, and inserted through a
one-row frame: what simulators of this kind do. Nothing is derived, scored or checked.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import duckdb
import pandas as pd

_STREAM = "naive_stream"


def claims_per_second(database: Path, claims: int) -> float:
    """The loop's rate on a database with a ``claims_normalized``."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"CREATE OR REPLACE TABLE {_STREAM} AS FROM claims_normalized LIMIT 0")
        began = time.perf_counter()
        for _ in range(claims):
            _one(connection)
        seconds = time.perf_counter() - began
        connection.execute(f"DROP TABLE {_STREAM}")
    return claims / seconds


def _one(connection: duckdb.DuckDBPyConnection) -> None:
    sampled = connection.execute("FROM claims_normalized USING SAMPLE 1 ROWS")
    names = [column[0] for column in sampled.description or ()]
    claim = dict(zip(names, sampled.fetchall()[0], strict=True))
    claim["claim_id"] = f"SIM-{secrets.token_hex(6).upper()}"
    claim["amount_claimed"] = float(claim["amount_claimed"]) * 1.37
    claim["amount_paid"] = claim["amount_claimed"]
    frame = pd.DataFrame([claim])
    connection.register("one_claim", frame)
    connection.execute(f"INSERT INTO {_STREAM} BY NAME FROM one_claim")
    connection.unregister("one_claim")
