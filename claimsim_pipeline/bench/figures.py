"""A measured figure beside its target: what every bench returns and how it is shown.

A bench is a module with `run(quick: bool, workdir: Path) -> list[Figure]`. It measures; whether a
figure is good enough is decided here, in one place, from its target. Nothing here prints: the
command line does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        case: What was measured, as a reader would say it.
        value: The measurement; None when it could not be taken (the note says why).
        unit: `s`, `MB`, `rows/s`, `x`, `AUROC`, `share`, ...
        target: The target in words a reader can check, e.g. `<= 2.5`; empty: a figure to know.
        ok: Whether the target holds; None where there is no target or no measurement.
        note: Circumstances: how many rows, which part of the data, why it is missing.
    """

    case: str
    value: float | None
    unit: str
    target: str = ""
    ok: bool | None = None
    note: str = ""


def at_most(case: str, value: float | None, unit: str, limit: float, note: str = "") -> Figure:
    """A figure whose target is an upper limit."""
    ok = None if value is None else value <= limit
    return Figure(case, value, unit, f"<= {limit:g}", ok, note)


def at_least(case: str, value: float | None, unit: str, limit: float, note: str = "") -> Figure:
    """A figure whose target is a lower limit."""
    ok = None if value is None else value >= limit
    return Figure(case, value, unit, f">= {limit:g}", ok, note)


def within(
    case: str, value: float | None, unit: str, limits: tuple[float, float], note: str = ""
) -> Figure:
    """A figure whose target is a range, both ends included."""
    low, high = limits
    ok = None if value is None else low <= value <= high
    return Figure(case, value, unit, f"{low:g} .. {high:g}", ok, note)


def known(case: str, value: float | None, unit: str, note: str = "") -> Figure:
    """A figure without a target."""
    return Figure(case, value, unit, note=note)


def all_ok(figures: Sequence[Figure]) -> bool:
    """Whether no figure misses its target (figures without one do not count)."""
    return all(figure.ok is not False for figure in figures)


def as_json(figures: Sequence[Figure]) -> str:
    """The figures as a JSON array, one object each, in order."""
    return json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False)


def as_table(figures: Sequence[Figure]) -> str:
    """The figures as aligned text: measured against target, misses marked."""
    rows = [("", "case", "measured", "unit", "target", "note")]
    rows += [
        (_mark(f.ok), f.case, _number(f.value), f.unit, f.target or "-", f.note) for f in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        text.rjust(width) if column == 2 else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _mark(ok: bool | None) -> str:
    return {True: "ok", False: "MISS", None: ""}[ok]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
