"""An engine in a thread of its own; what it delivers comes out of a queue."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator

from claimsim_pipeline.generation.llm.dialogue import Dialogue, Proposal
from claimsim_pipeline.generation.llm.engine import Deliver, Engine

_TOGETHER = 0.3  # seconds: claims that arrive close together are settled together
_ENDED = object()

Arrival = tuple[Dialogue, Proposal | None]


class Background:
    """Runs an engine while its deliveries are being used.

    Args:
        build: Makes the engine, given where to deliver.
    """

    def __init__(self, build: Callable[[Deliver], Engine]) -> None:
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._engine = build(lambda dialogue, proposal: self._inbox.put((dialogue, proposal)))
        self._loop = asyncio.new_event_loop()
        self._error: BaseException | None = None

    def arrivals(self, dialogues: Iterator[Dialogue]) -> Iterator[list[Arrival]]:
        """Groups of claims as they come; raises what the engine raised, after them."""
        thread = threading.Thread(
            target=self._run, args=(dialogues,), name="claimsim-llm", daemon=True
        )
        thread.start()
        try:
            ended = False
            while not ended:
                group, ended = self._group()
                if group:
                    yield group
        finally:
            self._stop()
            thread.join(timeout=5.0)
        if self._error is not None:
            raise self._error

    @property
    def over_budget(self) -> bool:
        """Whether the engine stopped for want of money."""
        return self._engine.over_budget

    def _group(self) -> tuple[list[Arrival], bool]:
        group: list[Arrival] = []
        thing, until = self._inbox.get(), time.monotonic() + _TOGETHER
        while True:
            if thing is _ENDED:
                return group, True
            group.append(thing)  # type: ignore[arg-type]  # the queue holds arrivals and one mark
            left = until - time.monotonic()
            try:
                thing = self._inbox.get(timeout=max(0.0, left))
            except queue.Empty:
                return group, False

    def _run(self, dialogues: Iterator[Dialogue]) -> None:
        try:
            self._loop.run_until_complete(self._engine.run(dialogues))
        except BaseException as error:  # noqa: BLE001 - carried over to whoever takes the claims
            self._error = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._inbox.put(_ENDED)

    def _stop(self) -> None:
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._engine.stop)
            except RuntimeError:
                return  # it closed just now
