"""Blocks that contradict themselves: a generator takes none of them over.

A table may hold a few wrong rows, a province under another's code, say. As
facilities and cases are taken over as a whole, one such row could be drawn
again and again, and every claim made of it would break an invariant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from claimsim_pipeline.claims.columns import CASE_BLOCK, COLUMNS, FACILITY_BLOCK
from claimsim_pipeline.claims.frames import query, to_arrow, workbench
from claimsim_pipeline.claims.invariants import INVARIANTS, provinces

Flags = NDArray[np.bool_]

RARE = 0.01
"""Share of the donors that may be passed over for one predicate. Where more of them break
it, that is how the table is: claims may be like that, too."""

_CODES = (
    "SELECT dx_primary_code AS category, replace(procedure_label, '.', '') AS code, "
    "lower(dx_primary_label) AS label FROM blocks"
)


@dataclass(frozen=True)
class Kind:
    """The invariants that look at one kind of block only."""

    columns: Sequence[str]
    invariants: Sequence[str]
    look_ups: Mapping[str, str]


FACILITIES = Kind(FACILITY_BLOCK, ("I11", "I12", "I16", "I17", "I18"), {"facility": "FROM blocks"})
CASES = Kind(
    CASE_BLOCK,
    ("I13", "I14", "I15", "I19", "I20", "I21", "I22", "I23", "I33", "I34"),
    {"grouping": "FROM blocks", "icd": _CODES},
)


@dataclass(frozen=True)
class Soundness:
    """What nearly all blocks of one kind make true, as SQL over a block ``t``."""

    kind: Kind
    predicates: tuple[str, ...]

    def holds(self, blocks: pd.DataFrame) -> Flags:
        """Which blocks make all of it true."""
        return _all(_true(self.kind, blocks, self.predicates))


def learn(kind: Kind, blocks: pd.DataFrame, donors: NDArray[np.int64]) -> tuple[Soundness, Flags]:
    """Of each invariant the strictest form that nearly all donors satisfy.

    Args:
        kind: Facilities or cases.
        blocks: One row per block; a column that is NULL for all donors is one that the
            table lacks.
        donors: How many donors have each block.

    Returns:
        What was learned, and which of these blocks make it true.
    """
    known = {name for name in kind.columns if blocks.loc[donors > 0, name].notna().any()}
    ours = [i for i in INVARIANTS if i.id in kind.invariants and known.issuperset(i.needs)]
    forms = [(i.id, text) for i in ours for _, text in i.forms()]
    true = _true(kind, blocks, [text for _, text in forms])
    shares = donors @ true / max(donors.sum(), 1)
    strictest: dict[str, int] = {}
    for number in np.flatnonzero(shares >= 1 - RARE):
        strictest.setdefault(forms[number][0], int(number))
    chosen = list(strictest.values())
    return Soundness(kind, tuple(forms[number][1] for number in chosen)), _all(true[:, chosen])


def _all(true: Flags) -> Flags:
    return np.asarray(true.all(axis=1), dtype=np.bool_)


def _true(kind: Kind, blocks: pd.DataFrame, predicates: Sequence[str]) -> Flags:
    """One row per block, one column per predicate."""
    if not predicates or blocks.empty:
        return np.ones((len(blocks), len(predicates)), dtype=np.bool_)
    known = ", ".join(
        f"TRY_CAST({name} AS {COLUMNS[name].type}) AS {name}" for name in kind.columns
    )
    tables = {"blocks": f"SELECT row, {known} FROM given", **kind.look_ups}
    given = ", ".join(f"{name} AS MATERIALIZED ({text})" for name, text in tables.items())
    flags = ", ".join(f"({text}) IS TRUE AS p{n}" for n, text in enumerate(predicates))
    frame = to_arrow(blocks.loc[:, list(kind.columns)].assign(row=np.arange(len(blocks))))
    with workbench(given=frame, prov=_PROVINCES) as connection:
        found = query(connection, f"WITH {given} SELECT row, {flags} FROM blocks t ORDER BY row")
    return np.column_stack([column.to_numpy() for column in found.columns[1:]])


_PROVINCES = pa.table(
    {
        "province_code": [code for code, _ in provinces()],
        "province_name": [name for _, name in provinces()],
    }
)
