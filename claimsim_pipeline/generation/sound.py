"""Whether the facility and the case of a row can be taken over by a claim.

Judged by what nearly all donors make true, so that it depends on the base alone
and not on the other blocks that a call knows about.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.claims.soundness import CASES, FACILITIES, Flags, Kind, learn


class Sound:
    """The judge of pairs of a facility and a case of one base.

    Args:
        reference: Of the base.
    """

    def __init__(self, reference: Reference) -> None:
        self._facilities = _Judge(FACILITIES, "facility_key", reference.facilities, reference)
        self._cases = _Judge(CASES, "case_key", reference.cases, reference)

    def pairs(self, reference: Reference, rows: pd.DataFrame) -> Flags:
        """Which rows have a sound facility and a sound case.

        Args:
            reference: Of the same base; it knows the rows' blocks.
            rows: ``facility_key`` and ``case_key``.
        """
        facilities = self._facilities.sound(reference.facilities, rows)
        return facilities & self._cases.sound(reference.cases, rows)


class _Judge:
    """One kind of block; the verdicts on the blocks that were seen last are kept."""

    def __init__(self, kind: Kind, key: str, blocks: pd.DataFrame, reference: Reference) -> None:
        counts = reference.donors[key].value_counts()
        donors = blocks[key].map(counts).fillna(0).to_numpy().astype(np.int64)
        self._key = key
        self._soundness, sound = learn(kind, blocks, donors)
        self._seen, self._wrong = blocks, blocks.loc[~sound, key]

    def sound(self, blocks: pd.DataFrame, rows: pd.DataFrame) -> Flags:
        if blocks is not self._seen:
            sound = self._soundness.holds(blocks)
            self._seen, self._wrong = blocks, blocks.loc[~sound, self._key]
        return ~rows[self._key].isin(self._wrong).to_numpy(dtype=np.bool_)
