"""Half-hour windows as Dagster partitions, and which of them a run is for.

Dagster's command line takes any string for a key and rounds or mangles those
that are off the grid; the keys of a run are therefore read from its tags and
checked here before anything else happens.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from claimsim_pipeline.composition import zone
from claimsim_pipeline.errors import PartitionKeyError
from claimsim_pipeline.orchestration.names import INJECT_CLAIMS, MODULE, SIMULATE_CLAIMS
from claimsim_pipeline.settings import Settings
from claimsim_pipeline.simulation.windows import (
    KEY_FORMAT,
    Window,
    current_window,
    parse_window,
)

_EXECUTE = f"dagster job execute -m {MODULE} -j"


def half_hours(settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """The windows since ``SIM_PARTITIONS_START``, the current one included."""
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule="*/30 * * * *",
        fmt=KEY_FORMAT,
        start=settings.partitions_start.strftime("%Y-%m-%d-00:00"),
        end_offset=1,
        timezone=settings.timezone,
    )


def requested_windows(
    tags: Mapping[str, str], settings: Settings, now: datetime
) -> tuple[Window, ...]:
    """The windows that a run's tags name, oldest first.

    Raises:
        PartitionKeyError: If a key names no window, or there is no key at all.
    """
    keys = _keys(tags)
    if keys is None:
        raise PartitionKeyError(_no_key(settings, now))
    first, last = (
        parse_window(key, zone(settings), settings.partitions_start, now) for key in keys
    )
    if last.start < first.start:
        raise PartitionKeyError(
            f"The range of windows {first.key!r} to {last.key!r} runs backwards; swap its ends."
        )
    return _between(first, last, settings)


def windows_of(keys: Sequence[str], settings: Settings, now: datetime) -> tuple[Window, ...]:
    """The windows of keys that a run of ours has staged."""
    local, first_day = zone(settings), settings.partitions_start
    return tuple(parse_window(key, local, first_day, now) for key in keys)


def span(windows: Sequence[Window]) -> str:
    """One name for the windows of a run, for the run log."""
    first, last = windows[0].key, windows[-1].key
    return first if first == last else f"{first}...{last}"


def _keys(tags: Mapping[str, str]) -> tuple[str, str] | None:
    if PARTITION_NAME_TAG in tags:
        return tags[PARTITION_NAME_TAG], tags[PARTITION_NAME_TAG]
    if ASSET_PARTITION_RANGE_START_TAG in tags and ASSET_PARTITION_RANGE_END_TAG in tags:
        return tags[ASSET_PARTITION_RANGE_START_TAG], tags[ASSET_PARTITION_RANGE_END_TAG]
    return None


def _between(first: Window, last: Window, settings: Settings) -> tuple[Window, ...]:
    """All windows from first to last, those of an hour that comes twice included."""
    local = zone(settings)
    windows = [first]
    while windows[-1].start < last.start:
        windows.append(Window.starting(windows[-1].end, local))
    return tuple(windows)


def _no_key(settings: Settings, now: datetime) -> str:
    key = current_window(now, zone(settings)).key
    return (
        "This run names no window. For the claims of the current window:\n"
        f'  {_EXECUTE} {SIMULATE_CLAIMS} --tags \'{{"{PARTITION_NAME_TAG}": "{key}"}}\'\n'
        "For claims from now on, outside the windows:\n"
        f"  {_EXECUTE} {INJECT_CLAIMS}"
    )
