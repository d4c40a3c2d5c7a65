"""Progress tells what fits on a terminal, and nothing anywhere else."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from claimsim_pipeline.insight.progress import progress, told


def shown(width: int = 100, *, terminal: bool = True, total: int | None = 3) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, no_color=True,
        legacy_windows=False,
    )  # fmt: skip
    with progress(console, "Simulating [red]now", total) as reporter:
        reporter.note("[bold]a note")
        reporter.advance(1, fraud=0, generator="mutator", lateness=0.0, cost=None)
        reporter.advance(1, fraud=1, generator="llm", lateness=2.25, cost=0.00314)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_sees_how_far_it_is_and_the_latest_facts() -> None:
    text = shown()
    assert "2/3" in text
    assert "fraud 1 · llm · 2.2 s late · $0.0031" in text


def test_markup_in_texts_is_text() -> None:
    text = shown()
    assert "Simulating [red]now" in text
    assert "[bold]a note" in text


def test_nobody_looking_sees_nothing() -> None:
    assert shown(terminal=False) == ""


def test_without_colour_there_is_none() -> None:
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown())


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_a_line_fits_the_terminal(width: int) -> None:
    for line in re.split(r"[\r\n]", shown(width)):
        assert len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line)) <= width


def test_an_unknown_total_shows_that_something_happens() -> None:
    assert "Simulating" in shown(total=None)


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, ""),
        ({"fraud": 0, "generator": "mutator", "lateness": 0.4}, "fraud 0 · mutator · on time"),
        ({"cost": None}, ""),
        ({"cost": 12.5}, "$12.50"),
        ({"cost": float("nan"), "rows": 3}, "rows 3"),
        ({"share": 0.123456}, "share 0.123"),
    ],
)
def test_facts_are_one_line(facts: dict[str, object], line: str) -> None:
    assert told(facts) == line


def test_an_error_passes_through() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    with pytest.raises(ValueError, match="broken"), progress(console, "Working", 1):
        raise ValueError("broken")
