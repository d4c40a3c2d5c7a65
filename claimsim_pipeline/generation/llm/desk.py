"""Which claims of a call are done, and which units are complete with them."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.llm.dialogue import Proposal


class Desk:
    """Collects proposals until their units are whole.

    Args:
        briefs: All claims of the call.
        allow_missing: Whether a unit is complete with claims that were given up.

    Attributes:
        order: Rows, the first due first.
        missing: Rows that were given up.
    """

    def __init__(self, briefs: Briefs, *, allow_missing: bool) -> None:
        told = briefs.frame
        due = told["due_at"].to_numpy(dtype="datetime64[us]")
        self.order: list[int] = np.argsort(due, kind="stable").tolist()
        self.missing: list[int] = []
        self._allow_missing = allow_missing
        self._unit: list[int] = told["unit"].tolist()
        self._sizes = Counter(self._unit)
        self._open: dict[int, dict[int, Proposal | None]] = defaultdict(dict)
        self._ready: dict[int, Proposal | None] = {}
        self._seen: set[int] = set()

    def put(self, row: int, proposal: Proposal | None) -> None:
        """A claim was settled, or given up."""
        unit = self._unit[row]
        self._seen.add(row)
        if proposal is None:
            self.missing.append(row)
        self._open[unit][row] = proposal
        if len(self._open[unit]) == self._sizes[unit]:
            self._complete(self._open.pop(unit))

    def rest(self) -> list[int]:
        """Rows that nothing is known of, the first due first."""
        return [row for row in self.order if row not in self._seen]

    def take(self) -> dict[int, Proposal | None]:
        """The claims of complete units, each once."""
        ready, self._ready = self._ready, {}
        return ready

    def _complete(self, members: dict[int, Proposal | None]) -> None:
        if self._allow_missing or all(members.values()):
            self._ready.update(members)
