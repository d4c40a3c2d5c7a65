"""What a command is doing and how far it is: on stderr, and only on a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TimeElapsedColumn,
)
from rich.text import Text

_NARROW = 80
_LATE_SECONDS = 1.0


class Reporter:
    """Tells how a command gets on; silent when nobody looks."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task

    def advance(self, count: int, **facts: object) -> None:
        """``count`` more are done; facts are shown beside the bar, None is left out."""
        if self._progress is None or self._task is None:
            return
        self._progress.update(self._task, advance=count, facts=facts)

    def note(self, text: str) -> None:
        """A line of its own above the bar."""
        if self._progress is not None:
            self._progress.console.print(Text(text))


@contextmanager
def progress(console: Console | None, description: str, total: int | None) -> Iterator[Reporter]:
    """Show progress for the block.

    Args:
        console: Where; None: stderr. Nothing is shown unless it is a terminal.
        description: What is being done.
        total: How many there will be; None: unknown.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield Reporter(None, None)
        return
    with Progress(*_columns(console.width, total), console=console, transient=True) as shown:
        task = shown.add_task(description, total=total, facts={})
        yield Reporter(shown, task)


def told(facts: Mapping[str, object]) -> str:
    """Facts of a run as one line: ``fraud 12 · mutator · 2.1 s late · $0.0031``."""
    named = {name: _told(name, value) for name, value in facts.items() if value is not None}
    return " · ".join(text for text in named.values() if text)


def _columns(width: int, total: int | None) -> list[ProgressColumn]:
    """What fits: on a narrow terminal the counts are worth more than the bar."""
    columns: list[ProgressColumn] = [_Description()]
    if total is None:
        columns.append(SpinnerColumn("line", style=""))
    else:
        columns += [BarColumn(bar_width=20)] if width >= _NARROW else []
        columns.append(MofNCompleteColumn())
    return [*columns, TimeElapsedColumn(), _Facts()]


class _Description(ProgressColumn):
    """The description as text, whatever brackets are in it."""

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow="ellipsis")


class _Facts(ProgressColumn):
    """The facts of the latest step."""

    def render(self, task: Task) -> Text:
        return Text(told(task.fields["facts"]), no_wrap=True, overflow="ellipsis")


def _told(name: str, value: object) -> str:
    if name == "generator":
        return str(value)
    if name == "lateness" and isinstance(value, int | float):
        return f"{value:.1f} s late" if value >= _LATE_SECONDS else "on time"
    if name == "cost" and isinstance(value, int | float):
        return _dollars(float(value))
    if isinstance(value, float):
        return f"{name} {value:.3g}"
    return f"{name} {value}"


def _dollars(amount: float) -> str:
    """Cents are too coarse for a claim, and four digits too fine for a night of them."""
    if not math.isfinite(amount):
        return ""
    return f"${amount:.4f}" if amount < 1 else f"${amount:,.2f}"
