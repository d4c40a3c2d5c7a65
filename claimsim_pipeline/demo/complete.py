"""From facts to whole claims, slice by slice.

Only a few columns pass the windows and the sort; the wide rows are made a
slice at a time, so that a million claims fit into a small machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.frames import query, sql_text, workbench

_SLICE = 122_880
"""DuckDB's row group: whole ones go to disk while the transaction is still open."""
_NARROW = (
    "serial",
    "short_code",
    "dx",
    "code",
    "label",
    "severity_group",
    "facility_class",
    "province_name",
    "patient",
    "discharge",
    "los",
    "amount_claimed",
)


def complete(facts: pa.Table, *, seed: int, timezone: str) -> Iterator[pa.Table]:
    """Slices of the finished table, in its order: the contract's columns and types.

    Args:
        facts: One row per claim: facility, case, patient, dates, amounts, secondary diagnoses.
        seed: Part of what the patients' stand-ins are hashes of.
        timezone: IANA name, of the load time in ``generated_at``.
    """
    facts = facts.append_column("serial", pa.array(np.arange(facts.num_rows)))
    with workbench(facts=facts.select(_NARROW)) as connection:
        keys = query(connection, sql_text(__package__, "keys.sql"))
    text = sql_text(__package__, "claims.sql").replace("{columns}", ", ".join(COLUMNS))
    for start in range(0, keys.num_rows, _SLICE):
        part = keys.slice(start, _SLICE)
        rows = facts.take(part["serial"])
        for name in part.column_names[1:]:
            rows = rows.append_column(name, part[name])
        with workbench(facts=rows) as connection:
            yield query(connection, text, {"seed": str(seed), "timezone": timezone})
