"""What the base table teaches a generator: facilities, case types, donors, peers.

A reference is bounded in size whatever the size of the table. Facility blocks
and case blocks are named by 64-bit keys, computed where the table is read;
the keys join frames and are never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.claims.columns import CASE_BLOCK, FACILITY_BLOCK

PEER_PARTS = ("dx_primary_code", "severity_group", "facility_class", "province_name")
PEER_COLUMNS = ("peer_mean", "peer_p90", "peer_std", "peer_size")


@dataclass(frozen=True)
class BaseColumn:
    """A column of the user's table, as it is there."""

    name: str
    type: str


@dataclass(frozen=True)
class Reference:
    """What the base table teaches a generator.

    Attributes:
        columns: The table's own columns, in its order.
        donors: A uniform sample of its rows: facility_key, case_key (uint64)
            and the free columns.
        facilities: facility_key and the facility block, one row per block.
        cases: case_key and the case block, one row per block.
        peers: peer_key, peer_mean, peer_p90, peer_std (Rp) and peer_size (rows)
            of every peer group of the whole table.
        secondary_labels: Label of each secondary diagnosis code.
        duplicate_rate: Share of rows with duplicate_pattern; 0 if unknowable.
    """

    columns: tuple[BaseColumn, ...]
    donors: pd.DataFrame
    facilities: pd.DataFrame
    cases: pd.DataFrame
    peers: pd.DataFrame
    secondary_labels: Mapping[str, str]
    duplicate_rate: float

    def including(self, contexts: pd.DataFrame) -> Reference:
        """The same, with the blocks of the contexts among its blocks."""
        return replace(
            self,
            facilities=_with(self.facilities, contexts, "facility_key", FACILITY_BLOCK),
            cases=_with(self.cases, contexts, "case_key", CASE_BLOCK),
        )

    def peers_for(self, facility_keys: pd.Series, case_keys: pd.Series) -> pd.DataFrame:
        """Peer statistics of pairs of a facility and a case, one row per pair.

        Returns:
            peer_key and the statistics, indexed like ``facility_keys``; NULL
            where the table has no such peer group.
        """
        facility = pd.Index(self.facilities["facility_key"]).get_indexer(pd.Index(facility_keys))
        case = pd.Index(self.cases["case_key"]).get_indexer(pd.Index(case_keys))
        numbers, distinct = pd.factorize(facility * len(self.cases) + case)
        keys = self._peer_keys(distinct // len(self.cases), distinct % len(self.cases))
        known = pd.DataFrame({"peer_key": keys}).merge(self.peers, on="peer_key", how="left")
        return known.take(numbers).set_axis(facility_keys.index)[["peer_key", *PEER_COLUMNS]]

    def _peer_keys(self, facility: NDArray[np.int64], case: NDArray[np.int64]) -> pd.Series:
        """Peer keys of pairs of blocks, by their places; NULL where a part is NULL."""
        facilities = self.facilities.take(facility).reset_index(drop=True)
        both = self.cases.take(case).reset_index(drop=True).join(facilities)
        keys: pd.Series = both[PEER_PARTS[0]].str.cat(both[list(PEER_PARTS[1:])], sep="|")
        return keys


def _with(
    blocks: pd.DataFrame, contexts: pd.DataFrame, key: str, names: tuple[str, ...]
) -> pd.DataFrame:
    unknown = ~contexts[key].isin(blocks[key])
    if not unknown.any():
        return blocks
    fresh = contexts.loc[unknown, [key, *names]].drop_duplicates(key)
    return pd.concat([blocks, fresh], ignore_index=True)
