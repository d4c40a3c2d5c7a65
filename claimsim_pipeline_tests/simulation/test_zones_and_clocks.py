"""Windows in every zone: late starts, midnights, changes of the clock, machines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from claimsim_pipeline.simulation.clock import SystemClock
from claimsim_pipeline.simulation.plan import RunSpec, plan_run, plan_window
from claimsim_pipeline.simulation.windows import LENGTH, current_window, parse_window

SPEC = RunSpec(duration_seconds=7_200, interval_seconds=20, max_claims=10_000)


@pytest.fixture(params=["America/St_Johns", "Pacific/Kiritimati", "UTC"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_windows_do_not_depend_on_the_zone_of_the_machine(machine_zone: str) -> None:
    now = datetime(2026, 11, 23, 17, 5, tzinfo=UTC)
    window = current_window(now, ZoneInfo("Asia/Jakarta"))
    assert window.key == "2026-11-24-00:00"
    assert window.start == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert abs((SystemClock().now() - datetime.now(UTC)).total_seconds()) < 1
    plan = plan_window(window, SPEC)
    assert plan.frame["due_at"].iloc[0] == window.start


@pytest.mark.parametrize(
    ("zone", "day", "windows"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 46),
        ("Europe/Berlin", date(2026, 10, 25), 48),  # and 2 more, named with their offset
        ("America/New_York", date(2026, 3, 8), 46),
        ("Australia/Lord_Howe", date(2026, 10, 4), 47),  # half an hour is skipped
        ("Asia/Jakarta", date(2028, 2, 29), 48),
    ],
)
def test_a_day_has_the_windows_that_its_clock_shows(zone: str, day: date, windows: int) -> None:
    local = ZoneInfo(zone)
    keys = [f"{day}-{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]
    later = datetime(2030, 1, 1, tzinfo=UTC)
    found = [w for key in keys if (w := _window(key, local, later)) is not None]
    assert len(found) == len({w.start for w in found}) == windows
    for window in found:
        due = plan_window(window, SPEC).frame["due_at"]
        assert window.start <= due.min() <= due.max() < window.start + LENGTH


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Jakarta", "America/St_Johns"])
def test_a_window_over_a_change_or_midnight_is_thirty_real_minutes(zone: str) -> None:
    local = ZoneInfo(zone)
    moments = [
        datetime(2026, 10, 25, 0, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
    ]
    for moment in moments:
        window = current_window(moment, local)
        assert window.end - window.start == LENGTH
        assert window.start <= moment < window.end


def test_a_run_over_midnight_of_a_leap_day_goes_on_evenly() -> None:
    start = datetime(2028, 2, 29, 16, 59, 30, tzinfo=UTC)  # 23:59:30 in Jakarta
    spec = RunSpec(duration_seconds=60, interval_seconds=10, jitter=0.0, max_claims=10)
    (plan,) = plan_run("0123456789ab", start, spec)
    expected = [start + timedelta(seconds=10 * i) for i in range(len(plan))]
    assert [moment.to_pydatetime() for moment in plan.frame["due_at"]] == expected
    assert len(plan) >= 6


def test_a_clock_that_jumps_does_not_tear_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert timedelta(0) <= clock.now() - before < timedelta(seconds=5)


def _window(key: str, zone: ZoneInfo, now: datetime):  # type: ignore[no-untyped-def] # or None
    from claimsim_pipeline.errors import PartitionKeyError

    try:
        return parse_window(key, zone, date(2026, 1, 1), now)
    except PartitionKeyError:
        return None
