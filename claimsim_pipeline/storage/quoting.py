"""Text that becomes part of SQL: identifiers and literals, always quoted here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files


def identifier(name: str) -> str:
    """A column's or table's name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str], table: str | None = None) -> str:
    """Several quoted names, separated by commas, each of ``table`` if it is given."""
    prefix = f"{table}." if table else ""
    return ", ".join(prefix + identifier(name) for name in names)


def literal(text: str) -> str:
    """A string as a quoted SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def sql(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
