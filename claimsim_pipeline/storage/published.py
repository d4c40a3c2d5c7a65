"""What a publication did."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from claimsim_pipeline.errors import StoreError


@dataclass(frozen=True)
class Published:
    """What one call of :meth:`ClaimStore.publish` did.

    Attributes:
        inserted_ids: Ids of the claims that were not there before, in the batch's order.
        already: Claims of the batch that were there.
        held_seconds: From having the file to letting it go, waiting not included.
        removed: Claims of earlier materializations that gave way.
    """

    inserted_ids: pd.Series
    already: int
    held_seconds: float
    removed: int = 0

    @property
    def inserted(self) -> int:
        """How many claims were not there before."""
        return len(self.inserted_ids)


class SnapshotStale(StoreError):
    """The feed's snapshot could not be replaced; the claims are in the database.

    Attributes:
        published: What was published.
    """

    def __init__(self, message: str, published: Published) -> None:
        super().__init__(message)
        self.published = published
