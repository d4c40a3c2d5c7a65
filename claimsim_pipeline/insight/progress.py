"""What a command is doing and how far it is: on stderr, and only on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class Reporter:
    """Tells how a command gets on; silent when nobody looks."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task

    def advance(self, count: int, **facts: object) -> None:
        """``count`` more are done; facts are shown beside the bar."""
        if self._progress is None or self._task is None:
            return
        told = "  ".join(f"{name} {_shown(value)}" for name, value in facts.items() if value)
        self._progress.update(self._task, advance=count, facts=escape(told))

    def note(self, text: str) -> None:
        """A line of its own above the bar."""
        if self._progress is not None:
            self._progress.console.print(escape(text))


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
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(bar_width=24)]
    if total is not None:
        columns.append(MofNCompleteColumn())
    columns += [TimeElapsedColumn(), TextColumn("{task.fields[facts]}")]
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(escape(description), total=total, facts="")
        yield Reporter(shown, task)


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
