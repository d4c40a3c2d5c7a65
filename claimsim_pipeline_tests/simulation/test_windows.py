"""Windows are half-hours that exist on the local clock, and no others."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.errors import PartitionKeyError
from claimsim_pipeline.simulation.windows import LENGTH, current_window, parse_window

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 23, 7, 37, tzinfo=UTC)
FIRST = date(2026, 1, 1)
SPAN = (NOW.replace(tzinfo=None, month=1), NOW.replace(tzinfo=None, year=2030))


def test_the_current_window_holds_now_and_is_named_by_its_local_start() -> None:
    window = current_window(NOW, JAKARTA)
    assert window.key == "2026-11-23-14:30"
    assert window.start <= NOW < window.end


def test_a_key_names_the_window_it_came_from() -> None:
    window = current_window(NOW, JAKARTA)
    assert parse_window(window.key, JAKARTA, FIRST, NOW) == window


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("2026-11-23-14:10", "nearest one before it is '2026-11-23-14:00'"),
        ("2026-11-23-15:00", "lies in the future"),
        ("2026-11-23", "is no window"),
        ("2025-12-31-23:30", "before the first partition"),
        ("'; DROP TABLE claims_live_stream; --", "is no window"),
        ("x" * 10_000_000, "is no window"),
        ("2026-02-29-10:00", "is no window"),
        ("2026-1-1-9:00", "nearest one"),
    ],
)
def test_a_key_that_names_no_window_is_refused_with_the_reason(key: str, said: str) -> None:
    with pytest.raises(PartitionKeyError, match=said) as refused:
        parse_window(key, JAKARTA, FIRST, NOW)
    assert len(str(refused.value)) < 400


def test_leap_day_has_windows() -> None:
    now = datetime(2028, 3, 1, tzinfo=UTC)
    assert parse_window("2028-02-29-23:30", JAKARTA, FIRST, now).end == datetime(
        2028, 2, 29, 17, tzinfo=UTC
    )


def test_an_hour_that_the_clock_skips_has_no_windows() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(PartitionKeyError, match="hours that exist"):
        parse_window("2026-03-29-02:30", berlin, FIRST, now)


def test_an_hour_that_the_clock_repeats_is_named_by_its_first_passage() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    window = parse_window("2026-10-25-02:30", berlin, FIRST, NOW)
    assert window.start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "instant", "key"),
    [
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 40, tzinfo=UTC), "2026-10-25-02:30+0100"),
        ("America/New_York", datetime(2025, 11, 2, 6, 0, tzinfo=UTC), "2025-11-02-01:00-0500"),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 1, tzinfo=UTC), "2026-04-05-01:30+1030"),
    ],
)
def test_the_second_passage_of_an_hour_has_windows_of_its_own(
    zone: str, instant: datetime, key: str
) -> None:
    local, first_day = ZoneInfo(zone), date(2025, 1, 1)
    window = current_window(instant, local)
    assert window.key == key
    assert window.start <= instant < window.end
    assert parse_window(key, local, first_day, NOW) == window
    assert parse_window(key[:-5], local, first_day, NOW).start < window.start


@pytest.mark.parametrize(
    "key", ["2026-10-25-02:30+0200", "2026-10-25-04:30+0100", "2026-10-25-02:30+01:00"]
)
def test_an_offset_that_tells_nothing_is_refused(key: str) -> None:
    with pytest.raises(PartitionKeyError, match="is no window"):
        parse_window(key, ZoneInfo("Europe/Berlin"), FIRST, NOW)


@given(
    instant=st.datetimes(*SPAN, timezones=st.just(UTC)),
    zone=st.sampled_from(["Asia/Jakarta", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin"]),
)
def test_every_instant_lies_in_exactly_one_window(instant: datetime, zone: str) -> None:
    window = current_window(instant, ZoneInfo(zone))
    assert window.start <= instant < window.end
    assert window.end - window.start == LENGTH
    assert parse_window(window.key, ZoneInfo(zone), date(2025, 1, 1), instant) == window
    assert current_window(window.end, ZoneInfo(zone)).start == window.end
    assert current_window(window.end - timedelta(microseconds=1), ZoneInfo(zone)) == window
