"""What ``claims_normalized`` teaches a generator: donors, blocks, peers, labels.

Everything here depends on the table alone (fixed seeds) and is bounded in size
whatever the size of the table. Donors are a uniform sample by row position, like the
contexts; peers are exact, over the whole table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pandas as pd

from claimsim_pipeline.claims.columns import CASE_BLOCK, FACILITY_BLOCK, FREE
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.storage.base_table import NAME, BaseShape
from claimsim_pipeline.storage.drawing import Picked
from claimsim_pipeline.storage.frames import fetch_arrow, to_pandas
from claimsim_pipeline.storage.quoting import sql
from claimsim_pipeline.storage.sampling import KEYS, sample_with, uniform_rows

_DONORS = (50_000, 20_220_101)  # how many, and their seed: a table always gives the same ones
_PEER_KEY = ("dx_primary_code", "severity_group", "facility_class", "province_name")
_PEER_STATISTICS = ("peer_mean", "peer_p90", "peer_std")


def read(connection: duckdb.DuckDBPyConnection, base: BaseShape) -> Reference:
    """Learn from the base table."""
    donors = uniform_rows(connection, base, *_DONORS)
    return _read(connection, base, donors, donors)


def read_with_contexts(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, draws: Sequence[tuple[int, int]]
) -> tuple[Reference, pd.DataFrame]:
    """The same, and context rows whose blocks it knows, in fewer looks at the table."""
    contexts, donors, both = sample_with(connection, base, draws, _DONORS)
    return _read(connection, base, donors, both), contexts


def _read(
    connection: duckdb.DuckDBPyConnection, base: BaseShape, donors: Picked, known: Picked
) -> Reference:
    """The reference of these donors, which knows the blocks of these rows."""
    return Reference(
        columns=base.columns,
        donors=to_pandas(donors.table([*KEYS, *FREE])),
        facilities=_blocks(known, "facility_key", FACILITY_BLOCK),
        cases=_blocks(known, "case_key", CASE_BLOCK),
        peers=_peers(connection, base),
        secondary_labels=_secondary_labels(connection, base),
        duplicate_rate=_duplicate_rate(connection, base),
    )


def _blocks(rows: Picked, key: str, block: Sequence[str]) -> pd.DataFrame:
    """One row per distinct key, in the order in which the keys first occur."""
    keys = pd.Series(rows.table([key])[key].to_numpy())
    first = np.flatnonzero(~keys.duplicated())
    return to_pandas(rows.rows(first).table([key, *block]))


def _peers(connection: duckdb.DuckDBPyConnection, base: BaseShape) -> pd.DataFrame:
    """Peer statistics by ``dx|severity|class|province``: the table's own, else computed."""
    if base.present(_PEER_STATISTICS) == _PEER_STATISTICS:
        statistics = ", ".join(f"any_value({name}) AS {name}" for name in _PEER_STATISTICS)
        grouped = (
            f"SELECT {', '.join(_PEER_KEY)}, {statistics}, count(*) AS peer_size "
            f"FROM {NAME} GROUP BY ALL"
        )
    else:
        grouped = sql("peers")
    found = fetch_arrow(
        connection,
        f"SELECT concat_ws('|', {', '.join(_PEER_KEY)}) AS peer_key, "
        "CAST(peer_mean AS DOUBLE) AS peer_mean, CAST(peer_p90 AS DOUBLE) AS peer_p90, "
        "CAST(peer_std AS DOUBLE) AS peer_std, peer_size "
        f"FROM ({grouped}) WHERE {' AND '.join(f'{n} IS NOT NULL' for n in _PEER_KEY)} "
        "ORDER BY peer_key",
    )
    return to_pandas(found)


def _secondary_labels(connection: duckdb.DuckDBPyConnection, base: BaseShape) -> Mapping[str, str]:
    """Labels of secondary diagnoses as the table pairs them; the commonest where they differ."""
    names = ("dx_secondary_codes", "dx_secondary_labels")
    kinds = {column.name.lower(): column.type for column in base.columns}
    if any(kinds.get(name) != "VARCHAR[]" for name in names):
        return {}
    found = connection.execute(sql("secondary_labels")).fetchall()
    return dict(found)


def _duplicate_rate(connection: duckdb.DuckDBPyConnection, base: BaseShape) -> float:
    if not base.has("duplicate_pattern"):
        return 0.0
    ((rate,),) = connection.execute(
        f"SELECT avg(CAST(TRY_CAST(duplicate_pattern AS BOOLEAN) AS INTEGER)) FROM {NAME}"
    ).fetchall()
    return float(rate or 0.0)
