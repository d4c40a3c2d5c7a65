"""Names as people may see them: whatever a table holds, only what prints."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def printable(text: str) -> str:
    """Text without control characters, escape sequences and tricks of direction.

    Markup stays: whoever shows the text shows it as text.
    """
    return _CONTROL.sub("", text)
