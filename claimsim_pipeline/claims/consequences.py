"""The consequences of a claim's facts: every derived column, computed once.

A generator proposes facts (who, where, which case, how long, how much); this
module adds what follows from them. Most internal contradictions then cannot
happen. The expressions lie beside this module in ``consequences.sql``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.columns import CASE_BLOCK, COLUMNS, FACILITY_BLOCK
from claimsim_pipeline.claims.frames import (
    ARROW_LIST,
    query,
    sql_text,
    to_arrow,
    to_pandas,
    workbench,
)
from claimsim_pipeline.claims.reference import Reference

_FACTS = (
    "key",
    "claim_id",
    "due_at",
    "patient",
    "care_end_days",
    "los",
    "amount_claimed",
    "amount_paid",
    "dx_secondary_codes",
    "participant_segment_code",
    "claim_weight",
)
_LOOKED_AT = (
    *("key", "due_at", "patient", "care_end_days", "los", "amount_claimed", "amount_paid"),
    *("dx_secondary_codes", "dx_primary_code", "procedure_code", "service_type", "severity_group"),
    *("service_level_code", "severity_code", "peer_mean", "peer_std"),
)
_PEERS = ("peer_key", "peer_mean", "peer_p90", "peer_std")


def derive(drafts: pd.DataFrame, reference: Reference, *, timezone: str) -> pd.DataFrame:
    """Claims with all contract columns, in the order of the drafts.

    Args:
        drafts: One row per claim: facility_key, case_key, los (days),
            amount_claimed and amount_paid (Rp), dx_secondary_codes,
            participant_segment_code, claim_weight, patient (number of the
            stand-in within its window or run), care_end_days (days between
            the end of care and ``due_at``), and from the plan key, claim_id
            and due_at. The claims of one patient must be in one call.
        reference: Holds every block that the keys name.
        timezone: IANA name; dates are local dates in it.

    Raises:
        KeyError: If a key names no block of the reference.
    """
    known = {
        **_columns(to_arrow(drafts.loc[:, list(_FACTS)])),
        **_block(reference.facilities, "facility_key", FACILITY_BLOCK, drafts),
        **_block(reference.cases, "case_key", CASE_BLOCK, drafts),
        **_peers(reference.peers_for(drafts["facility_key"], drafts["case_key"])),
    }
    facts = pa.table({name: known[name] for name in _LOOKED_AT})
    facts = facts.append_column("row", pa.array(np.arange(len(drafts))))
    with workbench(facts=facts) as connection:
        text = sql_text(__package__, "consequences.sql")
        known |= _columns(_in_order(query(connection, text, {"timezone": timezone})))
    codes = known["dx_secondary_codes"]
    known["dx_secondary_labels"] = _labels(codes, reference.secondary_labels)
    return to_pandas(pa.table({name: known[name] for name in COLUMNS}))


def _in_order(table: pa.Table) -> pa.Table:
    """The rows by their number: as they mostly come, so that sorting them costs nothing."""
    numbers = table["row"].to_numpy()
    in_order = bool((numbers[1:] > numbers[:-1]).all())
    return table if in_order else table.take(pa.array(np.argsort(numbers)))


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table[name] for name in table.column_names}


def _peers(statistics: pd.DataFrame) -> dict[str, pa.ChunkedArray]:
    return _columns(to_arrow(statistics.loc[:, list(_PEERS)]))


def _block(
    blocks: pd.DataFrame, key: str, names: tuple[str, ...], drafts: pd.DataFrame
) -> dict[str, pa.ChunkedArray]:
    """The columns of each claim's block."""
    places = pd.Index(blocks[key]).get_indexer(pd.Index(drafts[key]))
    if (places < 0).any():
        unknown = drafts[key].to_numpy()[places < 0][0]
        raise KeyError(f"{key} {unknown} names no block of the reference")
    return _columns(to_arrow(blocks.loc[:, list(names)]).take(pa.array(places)))


def _labels(codes: pa.ChunkedArray, labels: Mapping[str, str]) -> pa.Array:
    """The label of every secondary code; the code itself where there is none."""
    lists = codes.combine_chunks().cast(ARROW_LIST)
    flat = lists.flatten()
    distinct = flat.unique().to_pylist()
    named = pa.array([labels.get(code, code) for code in distinct], pa.string())
    flat = named.take(pa.array(pd.Index(distinct).get_indexer(flat.to_pandas())))
    lengths = lists.value_lengths().fill_null(0).to_numpy()
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    mask = lists.is_null() if lists.null_count else None
    return pa.ListArray.from_arrays(pa.array(offsets), flat, mask=mask)
