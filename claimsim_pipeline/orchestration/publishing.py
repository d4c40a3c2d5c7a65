"""From staged claims to the stream, within a Dagster run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from claimsim_pipeline.orchestration import turns
from claimsim_pipeline.orchestration.events import partial_publication
from claimsim_pipeline.orchestration.partitions import windows_of
from claimsim_pipeline.orchestration.run import SimulationRun, stop_on_signals
from claimsim_pipeline.orchestration.staging import Batch, Staged
from claimsim_pipeline.simulation.windows import Window, current_window

if TYPE_CHECKING:
    import pandas as pd

    from claimsim_pipeline.simulation.clock import StopRequest
    from claimsim_pipeline.storage.store import ClaimStore


@dataclass
class Ledger:
    """What a run's publications did, window by window.

    Attributes:
        inserted: New claims by window start.
        removed: Claims of earlier materializations that gave way, over all windows.
        live: Whether claims waited for their due times; only then are they late or not.
    """

    inserted: Counter[datetime] = field(default_factory=Counter)
    removed: int = 0
    live: bool = False

    def told(self, new: "pd.DataFrame", _at: datetime) -> None:
        """Count one publication."""
        import pandas as pd

        counts = new["window_start"].value_counts()
        starts = pd.DatetimeIndex(counts.index).to_pydatetime().tolist()
        self.inserted.update(dict(zip(starts, counts.tolist(), strict=True)))


def publish(
    context: dg.AssetExecutionContext,
    staged: Staged,
    run: SimulationRun,
    store: "ClaimStore",
) -> Ledger:
    """Make the stream hold exactly these claims for their windows.

    A run that is cut short reports what it has published by then, so that
    whoever counts claims by events misses none.
    """
    ledger = Ledger()
    try:
        with stop_on_signals() as stop:
            for batch in staged.batches:
                _publish_batch(batch, run, store, ledger, stop)
    except BaseException:
        partial_publication(context, sum(ledger.inserted.values()))
        raise
    return ledger


def _publish_batch(
    batch: Batch, run: SimulationRun, store: "ClaimStore", ledger: Ledger, stop: "StopRequest"
) -> None:
    from claimsim_pipeline.simulation.publication import Publisher, publish_windows

    assert run.record is not None
    windows = windows_of(batch.keys, run.settings, run.clock.now())
    publish = Publisher(store, run.record, run.clock, ledger.told)
    for part, (first, end) in turns.split(batch):
        for live, piece, theirs in _by_pace(part, windows[first:end], run):
            starts = [window.start for window in theirs]
            ledger.live |= live
            ledger.removed += publish_windows(publish, piece.frame, starts, live=live, stop=stop)


def _by_pace(
    batch: Batch, windows: Sequence[Window], run: SimulationRun
) -> list[tuple[bool, Batch, Sequence[Window]]]:
    """The part that is written at once, and the part that waits for its due times."""
    pace = batch.choices.pace
    if pace != "auto":
        return [(pace == "live", batch, windows)]
    now = current_window(run.clock.now(), run.zone)
    past = sum(window.start < now.start for window in windows)
    rows = sum(batch.counts[:past])
    pieces = [
        (False, _cut(batch, slice(past), slice(rows)), windows[:past]),
        (True, _cut(batch, slice(past, None), slice(rows, None)), windows[past:]),
    ]
    return [piece for piece in pieces if piece[2]]


def _cut(batch: Batch, windows: slice, rows: slice) -> Batch:
    frame = batch.frame.iloc[rows].reset_index(drop=True)
    return Batch(batch.choices, batch.keys[windows], frame, batch.counts[windows])
