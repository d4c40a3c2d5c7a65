"""The temporary tables that the invariants look things up in.

Each is small: the distinct combinations of the base, and the claims of the
patients at hand. All are dropped again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

_FACILITY = (
    "facility_id",
    "facility_name",
    "province_code",
    "province_name",
    "facility_class",
    "facility_class_code",
    "facility_ownership",
    "facility_ownership_code",
)
_GROUPING = ("dx_primary_code", "severity_code", "dx_primary_group")
_PEER_PARTS = ("dx_primary_code", "severity_group", "facility_class", "province_name")
_FEMALE = "^(O|N8[0-9]|N9[0-8]|C5[1-8]|Z3[4-9])"
_MALE = "^(N4[0-9]|N5[01]|C6[0-3])"


@dataclass(frozen=True)
class Source:
    """Which claims are checked against which base.

    Attributes:
        claims: Table of the claims.
        base: Table that they were modelled on.
        columns: Columns of the claims.
        base_columns: Columns of the base.
        claim_ids: Check these only; None: all.
        most: Check a sample of at most so many rows; None: all.
    """

    claims: str
    base: str
    columns: frozenset[str]
    base_columns: frozenset[str]
    claim_ids: Sequence[str] | None = None
    most: int | None = None


def base_as_source(base: str, columns: frozenset[str], most: int) -> Source:
    """The base checked against itself."""
    return Source(base, base, columns, columns, most=most)


@contextmanager
def tables(
    connection: duckdb.DuckDBPyConnection, source: Source, provinces: Sequence[tuple[int, str]]
) -> Iterator[None]:
    """Make ``checked`` and the look-up tables for the block."""
    made = {
        "prov": _provinces(provinces),
        "checked": _checked(connection, source),
        "repeated_id": f"SELECT claim_id FROM {source.claims} GROUP BY 1 HAVING count(*) > 1",
        "facility": _distinct(source, _FACILITY),
        "icd": _icd(source),
        "grouping": _distinct(source, _GROUPING),
        "peer": _peer(source),
        "kin": _kin(source),
        "both_sexes": (
            "SELECT patient_key FROM kin GROUP BY 1 "
            f"HAVING bool_or(regexp_matches(dx_primary_code, '{_FEMALE}')) "
            f"AND bool_or(regexp_matches(dx_primary_code, '{_MALE}'))"
        ),
    }
    try:
        for name, query in made.items():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        yield
    finally:
        for name in made:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        connection.unregister("wanted_ids")


def _provinces(provinces: Sequence[tuple[int, str]]) -> str:
    values = ", ".join(f"({code}, '{name}')" for code, name in provinces)
    return f"SELECT * FROM (VALUES {values}) AS v(province_code, province_name)"


def _checked(connection: duckdb.DuckDBPyConnection, source: Source) -> str:
    procedure = "coalesce(procedure_code, '')" if "procedure_code" in source.columns else "''"
    query = f"SELECT *, {procedure} AS kin_procedure FROM {source.claims}"
    if source.claim_ids is not None:
        connection.register("wanted_ids", pa.table({"claim_id": list(source.claim_ids)}))
        return f"{query} WHERE claim_id IN (SELECT claim_id FROM wanted_ids)"
    if source.most is not None:
        return f"{query} USING SAMPLE reservoir({source.most} ROWS) REPEATABLE (1)"
    return query


def _distinct(source: Source, names: Sequence[str]) -> str:
    parts = [n if n in source.base_columns else f"NULL AS {n}" for n in names]
    return f"SELECT DISTINCT {', '.join(parts)} FROM {source.base}"


def _icd(source: Source) -> str:
    code = "procedure_label" if "procedure_label" in source.base_columns else "NULL"
    return (
        f"SELECT DISTINCT dx_primary_code AS category, replace({code}, '.', '') AS code, "
        f"lower(dx_primary_label) AS label FROM {source.base}"
    )


def _peer(source: Source) -> str:
    key = f"concat_ws('|', {', '.join(_PEER_PARTS)}) AS peer_key"
    if "peer_mean" in source.base_columns:
        return f"SELECT DISTINCT {key}, peer_mean FROM {source.base}"
    return f"SELECT {key}, avg(amount_claimed) AS peer_mean FROM {source.base} GROUP BY 1"


def _kin(source: Source) -> str:
    """All claims of the patients at hand, wherever they lie."""
    if "patient_key" not in source.columns:
        return (
            "SELECT '' AS patient_key, '' AS claim_id, '' AS dx_primary_code, "
            "'' AS procedure_code, '' AS service_type, DATE '1970-01-01' AS admit_dt, "
            "DATE '1970-01-01' AS discharge_dt WHERE false"
        )
    procedure = "coalesce(procedure_code, '')" if "procedure_code" in source.columns else "''"
    query = (
        f"SELECT patient_key, claim_id, dx_primary_code, {procedure} AS procedure_code, "
        "service_type, CAST(admit_dt AS DATE) AS admit_dt, "
        "CAST(discharge_dt AS DATE) AS discharge_dt FROM {table} "
        "WHERE patient_key IN (SELECT patient_key FROM checked)"
    )
    tables = dict.fromkeys([source.base, source.claims])
    return " UNION ALL ".join(query.format(table=table) for table in tables)
