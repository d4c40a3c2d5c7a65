"""How fast to ask: as many calls in flight as the server takes, within its announced rates.

Additive increase, multiplicative decrease, at most one cut in a while and never
below a quarter of the limit: a few random 429 slow nothing down for long, and a
server that is full is left alone. The ``x-ratelimit-*`` headers are kept as
buckets that refill at the announced rate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_CUT, _FLOOR = 0.75, 0.25
_BETWEEN_CUTS = 1.0  # seconds
_MINUTE = 60.0
_SPARE = 0.02  # of a bucket that is left for others
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Bucket:
    """What a provider lets us use per minute, as far as its headers tell."""

    def __init__(self) -> None:
        self._limit = 0.0
        self._level = 0.0
        self._rate = 0.0
        self._at = 0.0

    def told(self, limit: float, remaining: float, reset: float, now: float) -> None:
        """Headers of a response; ``remaining`` less what was sent since it was made."""
        self._limit, self._level, self._at = limit, remaining, now
        used = max(limit - remaining, 0.0)
        self._rate = used / reset if reset > 0 and used > 0 else limit / _MINUTE

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be used."""
        if not self._limit:
            return 0.0
        missing = min(amount, self._limit) + self._limit * _SPARE - self._now(now)
        return max(0.0, missing / self._rate)

    def use(self, amount: float, now: float) -> None:
        """Take it out."""
        if self._limit:
            self._level, self._at = self._now(now) - amount, now

    def _now(self, now: float) -> float:
        return min(self._limit, self._level + (now - self._at) * self._rate)


class Governor:
    """Decides whether another call may start.

    Args:
        most: Calls in flight at most.
        clock: Monotonic seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._allowed = float(most)
        self._least = max(1.0, most * _FLOOR)
        self._cut_at = -_BETWEEN_CUTS
        self._buckets = {"requests": Bucket(), "tokens": Bucket()}
        self._tokens = 0.0  # of a call, as lately
        self.in_flight = 0
        self.started = 0

    @property
    def allowed(self) -> int:
        """Calls in flight at most, for now."""
        return int(self._allowed)

    def wait(self) -> float | None:
        """Seconds until a call may start; None: when one has ended."""
        if self.in_flight >= self.allowed:
            return None
        now, amounts = self._clock(), self._amounts()
        return max(self._buckets[name].wait(amount, now) for name, amount in amounts.items())

    def start(self) -> int:
        """A call starts; returns its number."""
        now = self._clock()
        for name, amount in self._amounts().items():
            self._buckets[name].use(amount, now)
        self.in_flight += 1
        self.started += 1
        return self.started

    def end(self, *, number: int, throttled: bool, headers: Mapping[str, str], tokens: int) -> None:
        """That call has ended."""
        self.in_flight -= 1
        if tokens:
            self._tokens = float(tokens)
        now = self._clock()
        if not throttled:
            self._allowed = min(self._most, self._allowed + 4.0 / self._allowed)
        elif now - self._cut_at >= _BETWEEN_CUTS:
            self._cut_at = now
            self._allowed = max(self._least, self._allowed * _CUT)
        self._read(headers, self.started - number, now)

    def _amounts(self) -> dict[str, float]:
        return {"requests": 1.0, "tokens": self._tokens}

    def _read(self, headers: Mapping[str, str], since: int, now: float) -> None:
        """Take the announced rates over; ``since`` calls have started after this one."""
        for name, amount in self._amounts().items():
            limit = _number(headers.get(f"x-ratelimit-limit-{name}"))
            remaining = _number(headers.get(f"x-ratelimit-remaining-{name}"))
            if limit and remaining is not None:
                reset = seconds(headers.get(f"x-ratelimit-reset-{name}") or "")
                self._buckets[name].told(limit, remaining - since * amount, reset, now)


def seconds(text: str) -> float:
    """A duration such as ``6m0s``, ``120ms`` or ``1.5``, in seconds; 0 if there is none."""
    plain = _number(text)
    if plain is not None:
        return plain
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
