"""Live pace: every claim appears when it is due.

Claims are made ahead by a background thread. Claims that wait are published
in the order of their due times; those that come late, because the run began
late or because the model hung, are published at once. One late claim delays
nobody else.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pandas as pd

from claimsim_pipeline.simulation.clock import Clock, StopRequest

Publish = Callable[[pd.DataFrame], None]
_DONE = object()


class Arrivals:
    """Frames of finished claims, collected from an iterator by a thread.

    ``ring`` may be called from a signal handler. An exception of the iterator
    is kept in ``error``: what came before it is still worth publishing.
    """

    def __init__(self, frames: Iterator[pd.DataFrame]) -> None:
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._taken: list[pd.DataFrame] = []
        self.error: BaseException | None = None
        self.finished = False
        self._thread = threading.Thread(target=self._collect, args=(frames,), daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._inbox.put(None)

    def wait(self, seconds: float | None) -> None:
        """Return when something arrives, or after ``seconds``."""
        try:
            self._sort(self._inbox.get(timeout=seconds))
        except queue.Empty:
            return

    def take(self) -> list[pd.DataFrame]:
        """What has arrived since the last call."""
        while not self._inbox.empty():
            self._sort(self._inbox.get())
        taken, self._taken = self._taken, []
        return taken

    def _sort(self, thing: object) -> None:
        if isinstance(thing, pd.DataFrame):
            self._taken.append(thing)
        elif isinstance(thing, BaseException):
            self.error = thing
        elif thing is _DONE:
            self.finished = True

    def _collect(self, frames: Iterator[pd.DataFrame]) -> None:
        try:
            for frame in frames:
                self._inbox.put(frame)
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that publishes
            self._inbox.put(error)
        self._inbox.put(_DONE)


def publish_when_due(
    frames: Iterator[pd.DataFrame], publish: Publish, clock: Clock, stop: StopRequest
) -> None:
    """Publish each unit of claims at its due time, overdue ones at once.

    Args:
        frames: Scored claims with ``due_at``; a unit is never split between
            frames, and the claims of a unit share their due time.
        publish: Called with the claims that are due, oldest first.
        clock: Tells the time and waits.
        stop: Ends the run between two publications.

    Raises:
        Interrupted: If a stop was requested.
        Exception: What ``frames`` raised, once all that it gave is published.
    """
    arrivals = Arrivals(frames)
    stop.wakes(arrivals.ring)
    waiting: pd.DataFrame | None = None
    while True:
        stop.check("stopped between two claims")
        waiting = _merge(waiting, arrivals.take())
        due, waiting = _split(waiting, clock.now())
        if due is not None:
            publish(due)
        elif waiting is not None:
            clock.wait(arrivals, waiting["due_at"].iloc[0].to_pydatetime())
        elif arrivals.finished:
            break
        else:
            clock.wait(arrivals, None)
    if arrivals.error is not None:
        raise arrivals.error


def _merge(waiting: pd.DataFrame | None, arrived: list[pd.DataFrame]) -> pd.DataFrame | None:
    frames = [f for f in (waiting, *arrived) if f is not None and len(f)]
    if not frames:
        return None
    if not arrived:
        return waiting
    joined = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return joined.sort_values("due_at", kind="stable", ignore_index=True)


def _split(
    waiting: pd.DataFrame | None, now: datetime
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """What is due, one due time at a time while on time, and what is not."""
    if waiting is None:
        return None, None
    count = int(waiting["due_at"].searchsorted(pd.Timestamp(now), side="right"))
    due, later = waiting.iloc[:count], waiting.iloc[count:]
    return (due if len(due) else None), (later if len(later) else None)
