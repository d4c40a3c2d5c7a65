"""The invariants: what is true of every valid claim, as predicates that run.

The 34 predicates are data (``invariants.toml``). They run on a connection that
holds the claims and the base table, or on frames. A predicate whose columns
the user's table lacks, or has in another type (dates as text, say), does not
apply; one that the user's own rows break in more than one row of a thousand is
relaxed, or left out, and the report says so.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import duckdb
import pandas as pd

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.frames import to_arrow, workbench
from claimsim_pipeline.claims.invariant_tables import Source, base_as_source, look_ups, subjects

TOLERATED = 0.001
"""Share of the base's own rows that may break a predicate before it is relaxed."""

BASE_SAMPLE = 20_000
"""Rows of the base that the predicates are tried on."""

_MOMENTS = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class Invariant:
    """One thing that is true of every valid claim.

    Attributes:
        id: I01 to I34.
        rule: In words.
        needs: Columns without which it does not apply.
        predicate: SQL over a claim ``t``; a valid claim makes it true.
        relaxed: What is tried where the base breaks the predicate; may be empty.
    """

    id: str
    rule: str
    needs: tuple[str, ...]
    predicate: str
    relaxed: str

    def forms(self) -> tuple[tuple[str, str], ...]:
        """The predicate from strict to lenient, each with its name."""
        forms = [("strict", self.predicate), ("unless NULL", f"({self.predicate}) IS NOT FALSE")]
        if self.relaxed:
            forms.append(("relaxed", self.relaxed))
        return tuple(forms)


def _load() -> tuple[Invariant, ...]:
    text = files(__package__).joinpath("invariants.toml").read_text(encoding="utf-8")
    return tuple(
        Invariant(
            r["id"], r["rule"], tuple(r["needs"]), r["predicate"].strip(), r.get("relaxed", "")
        )
        for r in tomllib.loads(text)["invariant"]
    )


INVARIANTS = _load()


def provinces() -> list[tuple[int, str]]:
    """The 34 provinces, BPS code and name, as claims of 2022 know them."""
    text = files(__package__).joinpath("provinces.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return [(int(row["province_code"]), row["province_name"]) for row in rows]


def check(
    connection: duckdb.DuckDBPyConnection,
    *,
    stream: str = "claims_live_stream",
    base: str = "claims_normalized",
    claim_ids: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Count the claims of ``stream`` that break an invariant.

    Args:
        connection: Holds both tables; its TimeZone is the one of dates. Temporary
            tables are made and dropped again, so a read-only database will do.
        stream: Name of the table of claims.
        base: Name of the table they were modelled on.
        claim_ids: Check these claims only; siblings are looked for everywhere.

    Returns:
        One row per invariant: id, rule, form (``strict``, ``unless NULL``,
        ``relaxed`` or ``does not apply``), checked and violations (rows). The base is asked
        for its own form only where claims break the strict one.
    """
    theirs = _columns(connection, base)
    source = Source(stream, base, _columns(connection, stream), claim_ids)
    with look_ups(connection, base, theirs, provinces()):
        with subjects(connection, source):
            rows = _rows(connection, {i: _strict(i, theirs) for i in INVARIANTS})
        if any(broken for *_, broken in rows.values()):
            forms = _forms(connection, base, theirs)
            with subjects(connection, source):
                rows |= _rows(connection, {i: forms[i.id] for i in INVARIANTS if rows[i.id][-1]})
    names = ["id", "rule", "form", "checked", "violations"]
    return pd.DataFrame(list(rows.values()), columns=names)


def _strict(invariant: Invariant, columns: frozenset[str]) -> tuple[str, str]:
    there = columns.issuperset(invariant.needs)
    return invariant.forms()[0] if there else ("does not apply", "")


def _forms(
    connection: duckdb.DuckDBPyConnection, base: str, columns: frozenset[str]
) -> dict[str, tuple[str, str]]:
    """The form of each invariant, and its predicate, that a sample of the base satisfies."""
    with subjects(connection, base_as_source(base, columns, BASE_SAMPLE)):
        return {invariant.id: _form(connection, invariant, columns) for invariant in INVARIANTS}


def check_frames(
    claims: pd.DataFrame, base: pd.DataFrame, *, timezone: str = "Asia/Jakarta"
) -> pd.DataFrame:
    """The same for two frames; see :func:`check`."""
    with workbench(claims=to_arrow(claims), base=to_arrow(base)) as connection:
        connection.execute("SET TimeZone = ?", [timezone])
        return check(connection, stream="claims", base="base")


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> frozenset[str]:
    """The columns that a predicate can look at: dates that are text, say, do not count."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    return frozenset(str(name).lower() for name, kind, *_ in rows if _comparable(str(name), kind))


def _comparable(name: str, kind: str) -> bool:
    """Whether a column has a type that the predicates are written for."""
    known = COLUMNS.get(name.lower())
    if known is None:
        return True
    if known.type.endswith("[]"):
        return kind == known.type
    if known.type == "VARCHAR":
        return kind.startswith(("VARCHAR", "ENUM"))
    return not known.type.startswith(_MOMENTS) or kind.startswith(_MOMENTS)


def _form(
    connection: duckdb.DuckDBPyConnection, invariant: Invariant, columns: frozenset[str]
) -> tuple[str, str]:
    if not columns.issuperset(invariant.needs):
        return "does not apply", ""
    for name, predicate in invariant.forms():
        checked, (broken,) = _count(connection, [predicate])
        if broken <= TOLERATED * checked:
            return name, predicate
    return "does not apply", ""


def _rows(
    connection: duckdb.DuckDBPyConnection, forms: Mapping[Invariant, tuple[str, str]]
) -> dict[str, tuple[str, str, str, int, int]]:
    """Id, rule, form, checked and violations of each."""
    checked, broken = _count(connection, [p for _, p in forms.values() if p])
    counts = iter(broken)
    return {
        i.id: (i.id, i.rule, name, *((checked, next(counts)) if predicate else (0, 0)))
        for i, (name, predicate) in forms.items()
    }


def _count(
    connection: duckdb.DuckDBPyConnection, predicates: Sequence[str]
) -> tuple[int, list[int]]:
    """Claims looked at, and for each predicate those of which it is not true, in one pass."""
    filters = (f"count(*) FILTER (WHERE ({predicate}) IS NOT TRUE)" for predicate in predicates)
    query = f"SELECT {', '.join(('count(*)', *filters))} FROM checked t"
    ((checked, *broken),) = connection.execute(query).fetchall()
    return checked, broken
