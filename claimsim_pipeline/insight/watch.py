"""The live feed: looks at the database when it has changed, and only then.

A look opens the database for one short reading. As long as the file and its
log keep their sizes and times nothing is opened at all. A locked database is
said to be locked, and the last picture stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pandas as pd

from claimsim_pipeline.errors import BaseTableError, StoreError

STREAM = "claims_live_stream"
ROWS = 200  # enough for a tall terminal and for the rate
_SHORTEST = 1.0
_LONGEST = 5.0
_RATE_OVER = timedelta(minutes=5)


class WatchStore(Protocol):
    """What the watch reads."""

    path: Path

    def counts(self) -> dict[str, int]:
        """Rows of each table that exists."""

    def newest(self, limit: int, *, since: datetime | None = None) -> pd.DataFrame:
        """The latest simulated claims, newest first."""


class Wait(Protocol):
    """Lets time pass, and tells whether to stop."""

    def __call__(self, seconds: float) -> bool:
        """Return after so many seconds, or at once with True if somebody wants to stop."""


@dataclass(frozen=True)
class Picture:
    """What is known of the stream.

    Attributes:
        claims: The newest, newest first; None before the first reading.
        total: Claims in the stream; None if there is no stream yet.
        trouble: Why the last look failed; empty if it did not.
        seen_at: When the claims were read.
    """

    claims: pd.DataFrame | None = None
    total: int | None = None
    trouble: str = ""
    seen_at: datetime | None = None

    @property
    def newest_at(self) -> datetime | None:
        """When the newest claim was published."""
        if self.claims is None or self.claims.empty:
            return None
        moment: datetime = self.claims["published_at"].iloc[0].to_pydatetime()
        return moment

    def per_minute(self, now: datetime) -> float:
        """Claims published a minute, over the last five or since the oldest one read."""
        if self.claims is None or self.claims.empty:
            return 0.0
        recent = self.claims["published_at"]
        recent = recent[recent > now - _RATE_OVER]
        full = len(recent) == len(self.claims) < (self.total or 0)
        span = (now - recent.iloc[-1]) if full else _RATE_OVER
        return len(recent) / max(span.total_seconds() / 60, 1 / 60)

    def lag(self) -> float:
        """Seconds between due and published, of the newest claim."""
        if self.claims is None or self.claims.empty:
            return 0.0
        claim = self.claims.iloc[0]
        return float((claim["published_at"] - claim["due_at"]).total_seconds())

    def added(self, before: Picture) -> pd.DataFrame:
        """Claims that were not on an earlier picture, oldest first."""
        if self.claims is None:
            return pd.DataFrame()
        if before.claims is None:
            return self.claims.iloc[::-1]
        return self.claims[~self.claims["claim_id"].isin(before.claims["claim_id"])].iloc[::-1]

    def unlisted(self, before: Picture) -> int:
        """Claims that came since, beyond those that were read."""
        if before.total is None or self.total is None:
            return 0
        return max(self.total - before.total - len(self.added(before)), 0)


@dataclass
class Watch:
    """Pictures of a stream, as it changes.

    Attributes:
        store: The database, with a short deadline of its own.
        now: Tells the time.
        rows: How many claims a picture holds at most.
    """

    store: WatchStore
    now: Callable[[], datetime]
    rows: int = ROWS
    _seen: object = field(default=None, init=False)
    _pause: float = field(default=_SHORTEST, init=False)

    def pictures(self, wait: Wait) -> Iterator[Picture]:
        """A picture at once, and another after each pause until somebody stops."""
        picture = Picture()
        while True:
            picture = self.look(picture)
            yield picture
            if wait(self._pause):
                return

    def look(self, before: Picture) -> Picture:
        """The picture of now; the one before, where nothing has changed."""
        there = _fingerprint(self.store.path)
        if there == self._seen and not before.trouble:
            self._pause = min(self._pause * 1.5, _LONGEST)
            return before
        try:
            picture = self._read()
        except (StoreError, BaseTableError) as error:
            self._pause = min(self._pause * 1.5, _LONGEST)
            return replace(before, trouble=str(error))
        self._seen = there
        self._pause = _SHORTEST
        return picture

    def _read(self) -> Picture:
        total = self.store.counts().get(STREAM)
        claims = self.store.newest(self.rows) if total else pd.DataFrame()
        return Picture(claims, total, "", self.now())


def watched_on(trouble: str) -> str:
    """What a lock means to somebody who watches: nothing is to be done."""
    told, advice, _ = trouble.partition(" Nothing was written")
    return (
        f"{told} It is tried again by itself; these are the claims of before." if advice else told
    )


def _fingerprint(database: Path) -> tuple[tuple[int, int] | None, ...]:
    """Size and time of the file and of its log: what a commit cannot leave as it was."""
    parts = (database, database.with_name(f"{database.name}.wal"))
    return tuple(map(_stamp, parts))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


Keys = Callable[[], AbstractContextManager[Wait]]
"""Opens the keyboard; inside, waiting ends with True when q is pressed."""
