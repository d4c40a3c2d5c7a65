"""How many examples a property is tried on: few by default, many when asked for.

``HYPOTHESIS_PROFILE=thorough`` makes it ten times as many, everywhere.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

_TIMES = {"quick": 1, "thorough": 10}[os.environ.get("HYPOTHESIS_PROFILE", "quick")]


def examples(quick: int, **more: Any) -> settings:
    """So many examples, or ten times as many; nobody looks at the clock."""
    return settings(max_examples=quick * _TIMES, deadline=None, **more)
