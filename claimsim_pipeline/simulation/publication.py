"""From scored claims to the stream: at once, or each one when it is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import pandas as pd

from claimsim_pipeline.simulation.clock import Clock, StopRequest
from claimsim_pipeline.simulation.pace import publish_as_made, publish_when_due
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.storage.store import ClaimStore

OnPublished = Callable[[pd.DataFrame, datetime], None]


def publisher(
    store: ClaimStore, record: RunRecord, clock: Clock, told: OnPublished | None = None
) -> Callable[[pd.DataFrame], None]:
    """A function that publishes a frame of claims and counts what it inserted."""

    def publish(batch: pd.DataFrame) -> None:
        at = clock.now()
        published = store.publish(batch, published_at=at)
        new = batch
        if published.already:
            new = batch[batch["claim_id"].isin(published.inserted_ids)]
        record.count(new, at)
        if told is not None:
            told(new, at)

    return publish


def publish_windows(
    store: ClaimStore,
    batch: pd.DataFrame,
    window_starts: Sequence[datetime],
    publish: Callable[[pd.DataFrame], None],
    *,
    live: bool,
    clock: Clock,
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
    store.prepare()
    removed = store.retain_window(window_starts, batch)
    if live:
        publish_when_due(iter([batch]), publish, clock, stop)
    else:
        publish(batch[batch["due_at"] <= pd.Timestamp(clock.now())])
    return removed


def publish_run(
    frames: Iterator[pd.DataFrame],
    publish: Callable[[pd.DataFrame], None],
    *,
    live: bool,
    clock: Clock,
    stop: StopRequest,
) -> None:
    """Publish the claims of an ad hoc run as they come, or when they are due."""
    if live:
        publish_when_due(frames, publish, clock, stop)
    else:
        publish_as_made(frames, publish, stop)
