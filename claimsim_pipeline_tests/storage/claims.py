"""Base tables and batches for the tests of the store."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.columns import COLUMNS, REQUIRED
from claimsim_pipeline.scoring.rules import RULESET
from claimsim_pipeline.storage.store import ClaimStore

WINDOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
LISTS = pd.ArrowDtype(pa.list_(pa.string()))

_VALUES = {
    "claim_id": "'C' || lpad(i::VARCHAR, 8, '0')",
    "admit_dt": "DATE '2022-01-01' + (i % 300)::INTEGER",
    "discharge_dt": "DATE '2022-01-01' + (i % 300)::INTEGER",
    "los": "i % 4",
    "service_type": "CASE WHEN i % 9 = 0 THEN 'RITL' ELSE 'RJTL' END",
    "severity_group": "CASE WHEN i % 9 = 0 THEN 'sedang' ELSE 'ringan' END",
    "dx_primary_code": "['I10', 'Z50', 'A09'][1 + i % 3]",
    "dx_primary_label": "['Hypertension', 'Physiotherapy', 'Gastroenteritis'][1 + i % 3]",
    "facility_name": "CASE WHEN i % 20 <> 0 THEN 'RS ' || (i % 40) END",
    "facility_class": "'RS Kelas ' || ['A', 'B'][1 + i % 2]",
    "province_name": "['BALI', 'BANTEN'][1 + i % 2]",
    "amount_claimed": "100000 + 100 * (i % 977)",
    "amount_paid": "100000 + 100 * (i % 977)",
    "dx_secondary_codes": "CASE WHEN i % 2 = 0 THEN ['E119'] END",
    "dx_secondary_labels": "CASE WHEN i % 2 = 0 THEN ['Diabetes'] END",
    "generated_at": "TIMESTAMPTZ '2023-01-01 00:00:00+07'",
    "patient_key": "md5((i // 2)::VARCHAR)",
}


def make_base(
    path: Path,
    rows: int = 2_000,
    *,
    columns: Sequence[str] = tuple(COLUMNS),
    more: Sequence[str] = (),
    prepared: bool = False,
) -> Path:
    """A database with a ``claims_normalized`` of these columns, and our tables if ``prepared``."""
    path.write_bytes(_template(rows, tuple(columns), tuple(more), prepared))
    return path


@cache
def _template(rows: int, columns: tuple[str, ...], more: tuple[str, ...], prepared: bool) -> bytes:
    """The bytes of such a database; made once, since making it is slower than copying."""
    selected = [
        f'CAST({_VALUES.get(name, "NULL")} AS {COLUMNS[name].type}) AS "{name}"' for name in columns
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                f"CREATE TABLE claims_normalized AS SELECT {', '.join([*selected, *more])} "
                f"FROM range({rows}) AS t(i)"
            )
        if prepared:
            open_store(path).prepare()
        return path.read_bytes()


def make_minimal(path: Path, **options: Any) -> Path:
    """A database whose base has the required columns only."""
    return make_base(path, columns=REQUIRED, **options)


def open_store(path: Path, **options: Any) -> ClaimStore:
    """A store with the project's rules and a short patience."""
    return ClaimStore(
        path, timezone="Asia/Jakarta", rules=RULESET, **{"deadline_seconds": 5.0, **options}
    )


def ask(path: Path, text: str) -> list[tuple[object, ...]]:
    """The rows of a query on a connection of its own."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(text).fetchall()


def batch(
    ids: Sequence[str],
    *,
    window: datetime | None = WINDOW,
    run_id: str = "run-1",
    first_due: datetime = WINDOW,
    **changed: Any,
) -> pd.DataFrame:
    """Finished claims with these ids, one due each second."""
    n = len(ids)
    due = pd.Series(pd.date_range(first_due, periods=n, freq="s", unit="us"))
    return _claims(n).assign(
        claim_id=pd.Series(list(ids), dtype="str"),
        generated_at=due,
        scored_at=due,
        window_start=pd.Series([window or pd.NaT] * n, dtype="datetime64[us, UTC]"),
        due_at=due,
        **{"run_id": run_id, **changed},
    )


@cache
def _claims(n: int) -> pd.DataFrame:
    frame = pd.DataFrame({name: _column(column.type, n) for name, column in COLUMNS.items()})
    texts = {"narrative": "cerita", "ruleset_version": "RULESET_v1", "model_version": None}
    truth = {"fraud_scenario": "cloning", "generator": "mutator"}
    return frame.assign(
        service_type="RJTL",
        los=0,
        amount_claimed=250_000.0,
        flags=pd.Series([["duplicate_pattern"]] * n, dtype=LISTS),
        rule_score=0.6,
        ml_score=np.nan,
        ml_score_normalized=np.nan,
        risk_score=0.6,
        is_fraud=True,
        llm_model=None,
        prompt_version=None,
        generator_flags=pd.Series([None] * n, dtype=LISTS),
        **texts,
        **truth,
    )


def _column(kind: str, n: int) -> pd.Series:
    if kind.endswith("[]"):
        return pd.Series([None] * n, dtype=LISTS)
    dates = pd.Series([pd.Timestamp("2026-02-27")] * n, dtype="datetime64[us]")
    return {
        "DATE": dates,
        "DOUBLE": pd.Series(np.full(n, 1.0)),
        "BOOLEAN": pd.Series([False] * n),
    }.get(kind, pd.Series([None] * n, dtype="str" if kind == "VARCHAR" else "Int64"))
