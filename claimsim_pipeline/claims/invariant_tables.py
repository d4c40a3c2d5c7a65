"""The temporary tables that the invariants look things up in.

Each is small: the distinct combinations of the base, and the claims of the
patients at hand. All are dropped again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
_BLOCK = 1_000
_FEMALE = "^(O|N8[0-9]|N9[0-8]|C5[1-8]|Z3[4-9])"
_MALE = "^(N4[0-9]|N5[01]|C6[0-3])"


@dataclass(frozen=True)
class Source:
    """Which claims are checked against which base.

    Attributes:
        claims: Table of the claims.
        base: Table that they were modelled on.
        columns: Columns of the claims.
        claim_ids: Check these only; None: all.
        most: Check a sample of at most so many rows; None: all.
    """

    claims: str
    base: str
    columns: frozenset[str]
    claim_ids: Sequence[str] | None = None
    most: int | None = None


def base_as_source(base: str, columns: frozenset[str], most: int) -> Source:
    """The base checked against itself."""
    return Source(base, base, columns, most=most)


@contextmanager
def look_ups(
    connection: duckdb.DuckDBPyConnection,
    base: str,
    columns: frozenset[str],
    provinces: Sequence[tuple[int, str]],
) -> Iterator[None]:
    """Make the tables of what the base knows, for the block."""
    made = {
        "prov": _provinces(provinces),
        "facility": _distinct(base, columns, _FACILITY),
        "icd": _icd(base, columns),
        "grouping": _distinct(base, columns, _GROUPING),
        "peer": _peer(base, columns),
    }
    with _temporary(connection, made):
        yield


@contextmanager
def subjects(connection: duckdb.DuckDBPyConnection, source: Source) -> Iterator[None]:
    """Make ``checked``, and the tables of what else concerns these claims, for the block."""
    made = {
        "checked": _checked(connection, source),
        "repeated_id": (
            f"SELECT claim_id FROM {source.claims} "
            "WHERE claim_id IN (SELECT claim_id FROM checked) GROUP BY 1 HAVING count(*) > 1"
        ),
        "kin": _kin(source),
        "both_sexes": (
            "SELECT patient_key FROM kin GROUP BY 1 "
            f"HAVING bool_or(regexp_matches(dx_primary_code, '{_FEMALE}')) "
            f"AND bool_or(regexp_matches(dx_primary_code, '{_MALE}'))"
        ),
    }
    with _temporary(connection, made):
        yield
    connection.unregister("wanted_ids")


@contextmanager
def _temporary(connection: duckdb.DuckDBPyConnection, made: Mapping[str, str]) -> Iterator[None]:
    """Tables by name and query, in this order, dropped at the end."""
    try:
        for name, query in made.items():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        yield
    finally:
        for name in made:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _provinces(provinces: Sequence[tuple[int, str]]) -> str:
    values = ", ".join(f"({code}, '{name}')" for code, name in provinces)
    return f"SELECT * FROM (VALUES {values}) AS v(province_code, province_name)"


def _checked(connection: duckdb.DuckDBPyConnection, source: Source) -> str:
    procedure = "coalesce(procedure_code, '')" if "procedure_code" in source.columns else "''"
    query = f"SELECT *, {procedure} AS kin_procedure FROM {source.claims}"
    if source.claim_ids is not None:
        connection.register("wanted_ids", pa.table({"claim_id": list(source.claim_ids)}))
        return f"{query} WHERE claim_id IN (SELECT claim_id FROM wanted_ids)"
    if source.most is None:
        return query
    if _numbered(connection, source.claims):
        return f"{query} WHERE rowid IN ({_spread(source.claims, source.most)})"
    return f"{query} USING SAMPLE reservoir({source.most} ROWS) REPEATABLE (1)"


def _spread(table: str, most: int) -> str:
    """Numbers of rows: blocks of neighbours, evenly over the table, of which little is read."""
    return (
        f"SELECT CAST(block * apart AS BIGINT) + row FROM range({most // _BLOCK}) AS b(block), "
        f"range({_BLOCK}) AS r(row), "
        f"(SELECT greatest((max(rowid) + 1) / {most // _BLOCK}, {_BLOCK}) AS apart FROM {table})"
    )


def _numbered(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether its rows have numbers: a view's have none."""
    try:
        connection.execute(f"SELECT rowid FROM {table} LIMIT 0")
    except duckdb.BinderException:
        return False
    return True


def _distinct(base: str, columns: frozenset[str], names: Sequence[str]) -> str:
    parts = [n if n in columns else f"NULL AS {n}" for n in names]
    return f"SELECT DISTINCT {', '.join(parts)} FROM {base}"


def _icd(base: str, columns: frozenset[str]) -> str:
    code = "procedure_label" if "procedure_label" in columns else "NULL"
    return (
        f"SELECT DISTINCT dx_primary_code AS category, replace({code}, '.', '') AS code, "
        f"lower(dx_primary_label) AS label FROM {base}"
    )


def _peer(base: str, columns: frozenset[str]) -> str:
    key = f"concat_ws('|', {', '.join(_PEER_PARTS)}) AS peer_key"
    if "peer_mean" in columns:
        distinct = f"SELECT DISTINCT {', '.join(_PEER_PARTS)}, peer_mean FROM {base}"
        return f"SELECT {key}, peer_mean FROM ({distinct})"
    return f"SELECT {key}, avg(amount_claimed) AS peer_mean FROM {base} GROUP BY 1"


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
        "service_type, TRY_CAST(admit_dt AS DATE) AS admit_dt, "
        "TRY_CAST(discharge_dt AS DATE) AS discharge_dt FROM {table} "
        "WHERE patient_key IN (SELECT patient_key FROM checked)"
    )
    tables = dict.fromkeys([source.base, source.claims])
    return " UNION ALL ".join(query.format(table=table) for table in tables)
