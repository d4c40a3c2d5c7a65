"""Waiting that a key can end: q stops, whatever else is typed is dropped."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from claimsim_pipeline.insight.watch import Wait

_STOP = frozenset(b"qQ\x03\x04")  # q, Ctrl-C, Ctrl-D


@contextmanager
def keyboard(descriptor: int | None = None) -> Iterator[Wait]:
    """Read single keys from a terminal for the length of the block.

    Where standard input is no terminal, waiting is just that.

    Args:
        descriptor: Of the terminal; None: standard input.
    """
    source = _standard_input() if descriptor is None else descriptor
    if source is None or not os.isatty(source):
        yield _asleep
        return
    import termios
    import tty

    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source)  # keys at once; Ctrl-C stays a signal
        yield lambda seconds: _stopped(source, seconds)
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)


def _standard_input() -> int | None:
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):  # closed, or not a file at all
        return None


def _asleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _stopped(source: int, seconds: float) -> bool:
    """Whether a key that stops came within the time."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([source], [], [], left)
        if not ready:
            return False
        pressed = os.read(source, 64)
        if not pressed or _STOP & set(pressed):  # hung up, or asked
            return True
    return False
