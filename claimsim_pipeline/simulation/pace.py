"""When claims appear: at live pace each one when it is due, else as soon as it is made.

Claims are made ahead by a background thread. At live pace, claims that wait are published
in the order of their due times; those that come late, because the run began
late or because the model hung, are published at once. One late claim delays
nobody else.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pandas as pd

from claimsim_pipeline.simulation.clock import Clock, StopRequest

Publish = Callable[[pd.DataFrame], None]
MAKER = "claims"
"""Name of the thread that makes claims."""

_DONE = object()
_LAST_FRAME_SECONDS = 3.0
_AHEAD = 8  # frames of an instant run: what is made while one publication lasts


class Arrivals:
    """Frames of finished claims, collected from an iterator by a thread.

    ``ring`` may be called from a signal handler. An exception of the iterator
    is kept in ``error``: what came before it is still worth publishing.

    Args:
        frames: Where they come from.
        ahead: How many may wait to be taken; the thread rests when there are more.
    """

    def __init__(self, frames: Iterator[pd.DataFrame], ahead: int | None = None) -> None:
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._room = None if ahead is None else threading.Semaphore(ahead)
        self._closed = False
        self._taken: list[pd.DataFrame] = []
        self.error: BaseException | None = None
        self.finished = False
        self._thread = threading.Thread(
            target=self._collect, args=(frames,), name=MAKER, daemon=True
        )
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
        if self._room is not None and taken:
            self._room.release(len(taken))
        return taken

    def close(self) -> None:
        """Let the thread end after the frame that it is at: nobody takes any more.

        It is waited for, as a process that ends while its threads compute is aborted; but not
        as long as a model may take to answer.
        """
        self._closed = True
        if self._room is not None:
            self._room.release()
        self._thread.join(_LAST_FRAME_SECONDS)

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
                if self._room is not None:
                    self._room.acquire()
                if self._closed:
                    break
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
    with _arriving(frames, stop) as arrivals:
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


def publish_as_made(frames: Iterator[pd.DataFrame], publish: Publish, stop: StopRequest) -> None:
    """Publish all that is ready, while the next claims are being made.

    Args:
        frames: Scored claims; a unit is never split between frames.
        publish: Called with whole frames, in their order.
        stop: Ends the run between two publications.

    Raises:
        Interrupted: If a stop was requested.
        Exception: What ``frames`` raised, once all that it gave is published.
    """
    with _arriving(frames, stop, _AHEAD) as arrivals:
        while True:
            stop.check("stopped between two batches")
            ready = arrivals.take()
            if ready:
                publish(pd.concat(ready, ignore_index=True) if len(ready) > 1 else ready[0])
            elif arrivals.finished:
                break
            else:
                arrivals.wait(None)


@contextmanager
def _arriving(
    frames: Iterator[pd.DataFrame], stop: StopRequest, ahead: int | None = None
) -> Iterator[Arrivals]:
    """What arrives; at the end, the error that the frames ended with."""
    arrivals = Arrivals(frames, ahead)
    stop.wakes(arrivals.ring)
    try:
        yield arrivals
    finally:
        arrivals.close()
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
