"""Files that are only locked: made with the user's umask, never writable by the world."""

from __future__ import annotations

import os

MODE = 0o664  # narrowed by the umask
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


def make(path: str) -> None:
    """Make a lock file if there is none; a FileLock told of a mode would set it past the umask."""
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | _FLAGS, MODE))
