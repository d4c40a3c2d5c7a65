"""Half-hour windows: the partitions of the stream, as plain dates and times.

A window's key is its local start, ``%Y-%m-%d-%H:%M`` in ``SIM_TIMEZONE``. A
window lasts thirty real minutes, so that days on which the clocks change have
46 or 50 of them. In the hour that a clock repeats, the keys of the second
passage end with its offset, ``+0100`` say, as Dagster's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from claimsim_pipeline.errors import PartitionKeyError

KEY_FORMAT = "%Y-%m-%d-%H:%M"
_WITH_OFFSET = f"{KEY_FORMAT}%z"
LENGTH = timedelta(minutes=30)


@dataclass(frozen=True)
class Window:
    """Thirty minutes of the stream.

    Attributes:
        key: The local start, as Dagster writes its partition key.
        start: The first instant, UTC.
        end: The first instant after it, UTC.
    """

    key: str
    start: datetime
    end: datetime

    @classmethod
    def starting(cls, start: datetime, zone: ZoneInfo) -> Window:
        """The window that begins at ``start`` (aware)."""
        begin, local = start.astimezone(UTC), start.astimezone(zone)
        key = local.strftime(_WITH_OFFSET if local.fold else KEY_FORMAT)
        return cls(key, begin, begin + LENGTH)


def current_window(now: datetime, zone: ZoneInfo) -> Window:
    """The window that ``now`` (aware) lies in."""
    local = now.astimezone(zone)
    floor = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
    return Window.starting(floor, zone)


def parse_window(key: str, zone: ZoneInfo, first_day: date, now: datetime) -> Window:
    """The window named ``key``.

    Raises:
        PartitionKeyError: If the key is malformed, off the half-hour grid, in
            an hour that the local clock skips, before ``first_day``, or in the
            future. The message names the nearest key that would do.
    """
    latest = current_window(now, zone)
    start = _local_start(key, zone, latest)
    if start < datetime.combine(first_day, time(), zone).astimezone(UTC):
        raise PartitionKeyError(
            f"The window {key!r} lies before the first partition, {first_day}-00:00. "
            "Name a later window, or set SIM_PARTITIONS_START to an earlier day."
        )
    if start > latest.start:
        raise PartitionKeyError(
            f"The window {key!r} lies in the future (SIM_TIMEZONE is {zone.key}). "
            f"The current window is {latest.key!r}."
        )
    return Window.starting(start, zone)


def _local_start(key: str, zone: ZoneInfo, latest: Window) -> datetime:
    """The UTC instant a key stands for, or a PartitionKeyError."""
    try:
        local = _read(key, zone)
    except ValueError:
        shown = key if len(key) <= 40 else key[:40] + "…"
        raise PartitionKeyError(
            f"{shown!r} is no window: a key looks like {latest.key!r} "
            f"(YYYY-MM-DD-HH:MM, local time of {zone.key})."
        ) from None
    start = local.astimezone(UTC)
    on_grid = current_window(start, zone)
    if on_grid.key != key:
        raise PartitionKeyError(
            f"{key!r} is no window: windows begin at :00 and :30 of hours that exist in "
            f"{zone.key}. The nearest one before it is {on_grid.key!r}."
        )
    return start


def _read(key: str, zone: ZoneInfo) -> datetime:
    """The local time that a key tells; a ValueError if it tells none."""
    if key[-5:-4] in {"+", "-"} and ":" in key[:-5]:
        return datetime.strptime(key, _WITH_OFFSET).astimezone(zone)
    return datetime.strptime(key, KEY_FORMAT).replace(tzinfo=zone)
