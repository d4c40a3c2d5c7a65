"""When to stop asking: after failures that no retry can help, or too many in a row."""

from __future__ import annotations

import threading


class Breaker:
    """Opens for the rest of the run; thread-safe.

    Args:
        patience: Claims given up in a row before it opens.

    Attributes:
        cause: Why it is open; None while it is not.
        unavailable: Whether the model cannot be used at all.
    """

    def __init__(self, patience: int = 5) -> None:
        self._patience = patience
        self._streak = 0
        self._lock = threading.Lock()
        self.cause: str | None = None
        self.unavailable = False

    @property
    def open(self) -> bool:
        """Whether the model is not to be asked any more."""
        return self.cause is not None

    def trip(self, cause: str) -> None:
        """Open at once: no call can succeed. The first cause is kept."""
        with self._lock:
            self.unavailable = self.unavailable or self.cause is None
            self.cause = self.cause or cause

    def delivered(self) -> None:
        """A claim came out well."""
        with self._lock:
            self._streak = 0

    def gave_up(self, cause: str) -> None:
        """A claim was given up."""
        with self._lock:
            self._streak += 1
            if self._streak >= self._patience:
                self.cause = self.cause or f"{self._streak} claims in a row failed, last: {cause}"
