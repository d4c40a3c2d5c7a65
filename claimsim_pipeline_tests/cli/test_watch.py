"""``claimsim watch`` on a terminal, in a pipe, and on no database."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claimsim_pipeline_tests.cli.conftest import Claimsim

COMMAND = [sys.executable, "-m", "claimsim_pipeline", "watch"]


def test_once_is_one_screen(claimsim: Claimsim, database: Path) -> None:
    code, out, _ = claimsim("watch", "--once")
    assert code == 0
    assert "every row is fictional" in out
    assert "SIM-1" in out
    assert "SIM-2" in out
    assert "\x1b" not in out


def test_once_without_a_database_ends_with_an_error(claimsim: Claimsim) -> None:
    code, out, _ = claimsim("watch", "--once")
    assert code == 1
    assert "no database" in out


@pytest.mark.slow
def test_a_pipe_gets_plain_lines_and_ctrl_c_ends_well(
    database: Path, environ: dict[str, str]
) -> None:
    with subprocess.Popen(
        COMMAND, env={**os.environ, **environ}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(2)]
            process.send_signal(signal.SIGINT)
            rest, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert rest == ""
    assert sorted(line.split("\t")[1] for line in lines) == ["SIM-1", "SIM-2"]
    assert err == ""


@pytest.mark.slow
@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_a_terminal_of_sixty_columns_shows_claims_until_a_key(
    database: Path, environ: dict[str, str], key: bytes
) -> None:
    ours, theirs = pty.openpty()
    narrow = {"COLUMNS": "60", "LINES": "20", "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        COMMAND, env={**os.environ, **environ, **narrow},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=_own_terminal,
    )  # fmt: skip
    os.close(theirs)
    try:
        seen = _read_until(ours, b"SIM-1", 30)
        os.write(ours, key)
        rest = _read_until(ours, b"\x1b[?1049l", 30)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"SIM-1" in seen
    assert b"\x1b[31m" not in seen + rest
    assert b"\x1b[1;31m" not in seen + rest


def _own_terminal() -> None:
    """Make the terminal the session's own, so that Ctrl-C becomes a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read_until(descriptor: int, wanted: bytes, seconds: float) -> bytes:
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen and (left := end - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            try:
                seen += os.read(descriptor, 65_536)
            except OSError:  # the other side is gone
                break
    return seen
