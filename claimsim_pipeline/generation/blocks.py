"""Facilities and cases as numbers: each property of a block as a hash, found by the block's key.

Hashes are of the values themselves, so that a cell means the same whichever
other blocks a call knows about.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.generation.shelf import Ints, Keys, mix

MILDEST = "sedang"
_MISSING = "\0"


class Blocks:
    """The blocks of one kind, in the order of their keys.

    Args:
        frame: One row per block.
        key: Name of the key column.
        codes: Hashed properties by name, each a column or several of them.
    """

    def __init__(self, frame: pd.DataFrame, key: str, codes: Mapping[str, tuple[str, ...]]) -> None:
        order = np.argsort(frame[key].to_numpy(dtype=np.uint64), kind="stable")
        self.frame = frame.iloc[order].reset_index(drop=True)
        self.keys: Keys = self.frame[key].to_numpy(dtype=np.uint64)
        hashed = {
            name: hash_values(self.frame[name]) for name in {c for cs in codes.values() for c in cs}
        }
        self.codes = {name: mix(*(hashed[c] for c in columns)) for name, columns in codes.items()}
        self._texts: dict[str, NDArray[np.object_]] = {}

    def rows(self, keys: NDArray[np.uint64]) -> Ints:
        """The row of each key."""
        return np.searchsorted(self.keys, keys).astype(np.int64)

    def text(self, name: str) -> NDArray[np.object_]:
        """A column as text, missing values empty."""
        if name not in self._texts:
            self._texts[name] = self.frame[name].astype("string").fillna("").to_numpy(dtype=object)
        return self._texts[name]


def facilities(frame: pd.DataFrame) -> Blocks:
    """Facilities: which they are, their class, province, both, and owner."""
    return Blocks(
        frame.assign(_key=frame["facility_key"]),
        "facility_key",
        {
            "facility": ("_key",),
            "class": ("facility_class",),
            "place": ("facility_class", "province_name"),
            "owner": ("facility_ownership_code", "facility_ownership", "province_name"),
        },
    )


def cases(frame: pd.DataFrame) -> Blocks:
    """Cases: diagnosis with severity and tariff group, without the group, and service alone.

    ``mild`` is the ``sickness`` of the same diagnosis at the mildest inpatient severity.
    """
    sickness = ("dx_primary_code", "service_type", "severity_group")
    return Blocks(
        frame.assign(_mild=MILDEST),
        "case_key",
        {
            "kind": (*sickness, "dx_primary_group"),
            "sickness": sickness,
            "care": ("service_type", "severity_group"),
            "service": ("service_type",),
            "dx": ("dx_primary_code",),
            "mild": ("dx_primary_code", "service_type", "_mild"),
        },
    )


def hash_values(column: pd.Series) -> Keys:
    """A hash of each value as text; missing is a value like any other."""
    text = column.astype("string").fillna(_MISSING).to_numpy(dtype=object)
    return pd.util.hash_array(text, categorize=True)
