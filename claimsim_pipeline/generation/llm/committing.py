"""Group commit: replies that arrive together are written and synced together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from claimsim_pipeline.generation.llm.journal import Entry, Journal


class Committer:
    """Puts replies on disk from an event loop without stopping it.

    Args:
        journal: Where to.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._queue: list[tuple[Entry, asyncio.Future[None]]] = []
        self._busy = False
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
        loop = asyncio.get_running_loop()
        while self._queue:
            group, self._queue = self._queue, []
            entries = [entry for entry, _ in group]
            written = await asyncio.gather(
                loop.run_in_executor(self._writer, self._journal.keep, entries),
                return_exceptions=True,
            )
            for _, kept in group:
                if kept.done():
                    continue
                if isinstance(written[0], BaseException):
                    kept.set_exception(written[0])
                else:
                    kept.set_result(None)
        self._busy = False
