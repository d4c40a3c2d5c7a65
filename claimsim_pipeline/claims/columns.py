"""The columns of a claim: the one place that says what each is, in what unit.

The data lie beside this module in ``columns.csv``, in the order of the usual
deployment's ``claims_normalized``. Their meaning is what the columns really
contain, which is not always what their names say.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True)
class Column:
    """One column of a claim.

    Attributes:
        name: As in ``claims_normalized``.
        type: DuckDB type of the usual deployment.
        block: Who decides it: ``facility`` and ``case`` are taken over as a
            whole, ``free`` is chosen by a generator, ``identity`` stands in for
            a person or claim, ``derived`` is computed.
        required: Whether a user's table must have it.
        unit: Unit or code system; empty for plain text.
        meaning: One sentence.
    """

    name: str
    type: str
    block: str
    required: bool
    unit: str
    meaning: str


def _load() -> Mapping[str, Column]:
    text = files(__package__).joinpath("columns.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["name"]: Column(
                row["name"],
                row["type"],
                row["block"],
                row["required"] == "yes",
                row["unit"],
                row["meaning"],
            )
            for row in csv.DictReader(text.splitlines())
        }
    )


def _of_block(block: str) -> tuple[str, ...]:
    return tuple(name for name, column in COLUMNS.items() if column.block == block)


COLUMNS = _load()
"""Every contract column by name, in contract order."""

REQUIRED = tuple(name for name, column in COLUMNS.items() if column.required)
FACILITY_BLOCK = _of_block("facility")
CASE_BLOCK = _of_block("case")
FREE = _of_block("free")
IDENTIFIERS = _of_block("identity")
