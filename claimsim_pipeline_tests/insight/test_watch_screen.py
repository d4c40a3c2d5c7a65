"""What the watch draws, from 60 columns on and without colour."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from claimsim_pipeline.insight.watch import Picture, Watch
from claimsim_pipeline.insight.watch_keys import keyboard
from claimsim_pipeline.insight.watch_screen import Screen, age, line, safe, summary
from claimsim_pipeline.storage.failures import busy
from claimsim_pipeline_tests.insight.live_store import HOSTILE, NOW, published

ZONE = ZoneInfo("Asia/Jakarta")


def drawn(picture: Picture, width: int, *, height: int = 24, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, no_color=not colour,
        legacy_windows=False,
    )  # fmt: skip
    console.print(Screen(picture, NOW + timedelta(seconds=7), ZONE, keys=True))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    ids = [f"SIM-{n:012X}" for n in range(40)]
    store = published(tmp_path_factory.mktemp("screen"), ids, facility_name=HOSTILE)
    return Watch(store, lambda: NOW).look(Picture())


@pytest.mark.parametrize("width", [40, 60, 79, 80, 100, 136, 137, 200])
def test_no_line_is_longer_than_the_terminal(picture: Picture, width: int) -> None:
    for text in drawn(picture, width).splitlines():
        plain = text.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[2m", "")
        assert len(plain) <= width, plain


@pytest.mark.parametrize("width", [60, 80, 140])
def test_id_amount_risk_and_flags_are_there_at_every_width(picture: Picture, width: int) -> None:
    text = drawn(picture, width)
    assert "SIM-000000000000" in text
    assert "250,000" in text
    assert "0.80" in text
    assert "D" in text if width < 137 else "duplicate" in text


def test_it_is_no_taller_than_the_terminal(picture: Picture) -> None:
    assert len(drawn(picture, 80, height=12).splitlines()) <= 12


def test_a_name_with_markup_and_escapes_is_a_name(picture: Picture) -> None:
    text = drawn(picture, 200)
    assert "[red]RS</script>" in text
    assert "\x1b[2J" not in text
    assert "\u202e" not in text


def test_without_colour_there_is_none(picture: Picture) -> None:
    assert "\x1b[1;31m" not in drawn(picture, 100)
    assert "\x1b[1;31m" in drawn(picture, 100, colour=True)


def test_the_first_screen_says_that_nothing_was_read() -> None:
    assert "Nothing has been read yet" in drawn(Picture(), 60)
    assert "Waiting for claims" in drawn(Picture(), 60)


def test_all_flags_of_a_claim_can_be_read_on_a_wide_terminal(tmp_path: Path) -> None:
    flags = ["short_stay_high_cost", "severity_mismatch", "duplicate_pattern"]
    store = published(tmp_path, ["SIM-1"], flags=[[*flags, "high_cost_full_paid"]])
    text = drawn(Watch(store, lambda: NOW).look(Picture()), 140)
    assert "short-costly mild-costly duplicate costly-paid" in text


def test_somebody_who_watches_a_locked_database_need_not_do_anything(picture: Picture) -> None:
    held = busy(Path("a.duckdb"), 1.0)
    troubled = Picture(picture.claims, picture.total, str(held), NOW)
    text = drawn(troubled, 200)
    assert "a.duckdb stayed locked by another process for 1 s. It is tried again" in text
    assert "SIM_STORE_DEADLINE_SECONDS" not in text


def test_trouble_is_shown_over_the_last_claims(picture: Picture) -> None:
    troubled = Picture(picture.claims, picture.total, "it is locked [by] somebody", NOW)
    text = drawn(troubled, 80)
    assert "it is locked [by] somebody" in text
    assert "SIM-000000000000" in text


def test_the_summary_counts_rate_and_lag(picture: Picture) -> None:
    told = summary(picture, NOW + timedelta(seconds=7))
    assert told.startswith("40 claims · 40 of the last 40 at risk")
    assert told.endswith("8.0/min · newest 7 s ago · lag 1.0 s")


def test_a_plain_line_has_nine_fields_and_no_control_characters(picture: Picture) -> None:
    assert picture.claims is not None
    told = line(picture.claims.to_dict("records")[0], ZONE).split("\t")
    assert len(told) == 9
    assert told[0] == "2026-03-01T11:00:00+0700"
    assert told[5:8] == ["250000", "0", "0.80"]


@pytest.mark.parametrize(
    ("seconds", "told"), [(-3, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h"), (2e5, "2 d")]
)
def test_ages_are_told_in_the_largest_unit(seconds: float, told: str) -> None:
    assert age(seconds) == told


@given(st.text())
def test_safe_text_is_printable_on_one_line(text: str) -> None:
    assert not any(ord(character) < 32 for character in safe(text))
    assert safe(safe(text)) == safe(text)


def test_q_ends_the_waiting_and_other_keys_do_not() -> None:
    ours, theirs = os.openpty()
    try:
        os.write(ours, b"xyz")
        with keyboard(theirs) as wait:
            assert not wait(0.01)
            os.write(ours, b"q")
            assert wait(5)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_is_left_as_it_was_found() -> None:
    import termios

    ours, theirs = os.openpty()
    try:
        before = termios.tcgetattr(theirs)
        with keyboard(theirs):
            assert termios.tcgetattr(theirs) != before
        assert termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_pipe_has_no_keys(tmp_path: Path) -> None:
    readable, writable = os.pipe()
    try:
        os.write(writable, b"q")
        with keyboard(readable) as wait:
            assert not wait(0.0)
    finally:
        os.close(readable)
        os.close(writable)
