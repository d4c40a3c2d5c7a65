"""The clock that a run is handed, and the signal that asks it to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Protocol

from claimsim_pipeline.errors import Interrupted, StoreBusy


class Doorbell(Protocol):
    """Something that can be waited for: new claims, or a request to stop."""

    def wait(self, seconds: float | None) -> None:
        """Return when rung, or after ``seconds``."""


class Clock(Protocol):
    """Tells the time, and decides whether to sleep."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""

    def wait(self, doorbell: Doorbell, until: datetime | None) -> None:
        """Return at ``until`` (None: never), or earlier if the doorbell rings."""


class SystemClock:
    """Real time that neither jumps nor runs backwards.

    It reads the wall clock once and counts on from there, so that a run is not
    torn by a correction of the machine's clock. Where the machine has a clock
    that also counts while it is suspended, that one is used.
    """

    def __init__(self) -> None:
        self._wall = datetime.now(UTC)
        self._origin = _ticks()

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        return self._wall + timedelta(seconds=_ticks() - self._origin)

    def wait(self, doorbell: Doorbell, until: datetime | None) -> None:
        """Sleep until ``until`` or until the doorbell rings."""
        seconds = None if until is None else max(0.0, (until - self.now()).total_seconds())
        doorbell.wait(seconds)


def _ticks() -> float:
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class StopRequest:
    """Set by SIGINT or SIGTERM; the run ends after the claim in flight."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._ring: Callable[[], None] = lambda: None
        self._at_once = ""

    def wakes(self, ring: Callable[[], None]) -> None:
        """Ring this doorbell, too, when the request comes."""
        self._ring = ring
        if self.signum is not None:
            ring()

    def send(self, signum: int = signal.SIGINT) -> None:
        """Ask the run to stop; within :meth:`at_once` it does."""
        self.signum = signum
        self._ring()
        if self._at_once:
            self.check(self._at_once)

    def check(self, message: str) -> None:
        """Raise Interrupted if a stop was requested."""
        if self.signum is not None:
            raise Interrupted(message, self.signum)

    @contextmanager
    def at_once(self, message: str) -> Iterator[None]:
        """A block that a request ends wherever it is: one that has nothing to lose.

        Raises:
            Interrupted: If a stop was requested.
        """
        self._at_once = message
        try:
            yield
        finally:
            self._at_once = ""
        self.check(message)

    @contextmanager
    def before_failure(self) -> Iterator[None]:
        """A block that waits for the database: stopped meanwhile, it was not refused but stopped.

        Raises:
            Interrupted: If a stop was requested, and the database was held until the deadline.
        """
        try:
            yield
        except StoreBusy as busy:
            self.check(f"stopped while the database was held: {busy}")
            raise

    @contextmanager
    def on_signals(self) -> Iterator[StopRequest]:
        """Handle SIGINT and SIGTERM within the block (main thread only)."""

        def handle(signum: int, _frame: FrameType | None) -> None:
            self.send(signum)

        before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)
