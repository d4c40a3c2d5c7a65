"""Group commit: replies that arrive together are written and synced together.

A quick disk is waited for right here: handing a millisecond's work to another thread
and taking it back costs more than the work. A slow one gets a thread.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from claimsim_pipeline.errors import ClaimsimError
from claimsim_pipeline.generation.llm.journal import Entry, Journal

_QUICK = 0.005  # seconds


class Committer:
    """Puts replies on disk from an event loop without stopping it.

    Args:
        journal: Where to.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._queue: list[tuple[Entry, asyncio.Future[None]]] = []
        self._busy = False
        self._seconds = 0.0  # that a commit takes, as lately
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="claimsim-journal")
        self._task: asyncio.Task[None] | None = None

    async def keep(self, entry: Entry) -> None:
        """Return when the reply is on disk; whatever prevents that is raised."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((entry, kept))
        if not self._busy:
            self._busy = True
            self._task = asyncio.create_task(self._commit())
        await kept

    def close(self) -> None:
        """Finish what is being written."""
        self._writer.shutdown(wait=True)

    async def _commit(self) -> None:
        while self._queue:
            await asyncio.sleep(0)  # whoever else has a reply in this turn joins
            group, self._queue = self._queue, []
            began = time.perf_counter()
            problem = await self._written([entry for entry, _ in group])
            self._seconds += 0.2 * (time.perf_counter() - began - self._seconds)
            for _, kept in group:
                if kept.done():
                    continue
                if problem is not None:
                    kept.set_exception(problem)
                else:
                    kept.set_result(None)
        self._busy = False

    async def _written(self, entries: list[Entry]) -> Exception | None:
        """What went wrong, if anything."""
        try:
            if self._seconds < _QUICK:
                self._journal.keep(entries)
            else:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._writer, self._journal.keep, entries)
        except (ClaimsimError, OSError) as error:
            return error
        return None
