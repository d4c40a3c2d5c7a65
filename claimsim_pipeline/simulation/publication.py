"""From scored claims to the stream: at once, or each one when it is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import pandas as pd

from claimsim_pipeline.simulation.clock import Clock, StopRequest
from claimsim_pipeline.simulation.pace import publish_as_made, publish_when_due
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.storage.store import ClaimStore, Published, SnapshotStale

OnPublished = Callable[[pd.DataFrame, datetime], None]


class Publisher:
    """Publishes frames of claims, and counts what it inserted.

    Args:
        store: Where they go.
        record: Counts them.
        clock: Tells when they were published.
        told: Is shown what each publication inserted.
    """

    def __init__(
        self, store: ClaimStore, record: RunRecord, clock: Clock, told: OnPublished | None = None
    ) -> None:
        self.store, self.clock = store, clock
        self._record, self._told = record, told

    def __call__(self, batch: pd.DataFrame) -> None:
        """Publish claims."""
        at = self.clock.now()
        self._counted(batch, at, lambda: self.store.publish(batch, published_at=at))

    def replace(self, window_starts: Sequence[datetime], batch: pd.DataFrame) -> int:
        """Publish what is due, and nothing else in these windows; how many claims gave way."""
        at = self.clock.now()
        return self._counted(
            batch,
            at,
            lambda: self.store.replace_windows(window_starts, batch, published_at=at),
        ).removed

    def _counted(
        self, batch: pd.DataFrame, at: datetime, publish: Callable[[], Published]
    ) -> Published:
        try:
            published = publish()
        except SnapshotStale as error:
            self._count(batch, error.published, at)
            raise
        self._count(batch, published, at)
        return published

    def _count(self, batch: pd.DataFrame, published: Published, at: datetime) -> None:
        new = batch
        if published.inserted < len(batch):
            new = batch[batch["claim_id"].isin(published.inserted_ids)]
        self._record.count(new, at)
        if self._told is not None:
            self._told(new, at)


def publish_windows(
    publish: Publisher,
    batch: pd.DataFrame,
    window_starts: Sequence[datetime],
    *,
    live: bool,
    stop: StopRequest,
) -> int:
    """Make the stream hold exactly this batch for these windows.

    What the windows held before and the batch does not hold goes first, in
    one transaction; then the claims come, in bulk or, ``live``, when due.
    Nothing is stamped in the future: of a window that has not ended yet, bulk
    publishes what is due by now.

    Returns:
        How many rows of an earlier materialization were removed.
    """
    with stop.before_failure():
        if not live:
            return publish.replace(window_starts, batch)
        publish.store.prepare()
        removed = publish.store.retain_window(window_starts, batch)
        publish_when_due(iter([batch]), publish, publish.clock, stop)
        return removed


def publish_run(
    frames: Iterator[pd.DataFrame],
    publish: Publisher,
    *,
    live: bool,
    stop: StopRequest,
) -> None:
    """Publish the claims of an ad hoc run as they come, or when they are due."""
    if live:
        publish_when_due(frames, publish, publish.clock, stop)
    else:
        publish_as_made(frames, publish, stop)
