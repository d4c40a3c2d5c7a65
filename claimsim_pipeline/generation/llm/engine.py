"""Asks for many claims at once; a call that waits for its next try holds no slot.

One dispatcher starts calls in the order of the claims, retries that have waited
long enough first, while the governor allows. It knows nothing of frames.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimsim_pipeline.generation.llm.breaker import Breaker
from claimsim_pipeline.generation.llm.client import Endpoint, call, connect
from claimsim_pipeline.generation.llm.committing import Committer
from claimsim_pipeline.generation.llm.dialogue import Dialogue, Proposal
from claimsim_pipeline.generation.llm.governor import Governor
from claimsim_pipeline.generation.llm.journal import Entry, Journal
from claimsim_pipeline.generation.llm.money import Spending
from claimsim_pipeline.generation.llm.outcome import Failure, Paid, Remedy
from claimsim_pipeline.generation.llm.prompt import prompt_version

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_FIRST_DELAY, _LONGEST_DELAY = 0.25, 8.0  # seconds, without a Retry-After
_JITTER = 0.05  # seconds at most, after a Retry-After
_UNMET_SECONDS = 1.5  # of nothing but failed connections
_GRACE, _SHORT_GRACE = 10.0, 0.5  # seconds for calls in flight when all is lost

Deliver = Callable[[Dialogue, Proposal | None], None]


@dataclass(frozen=True)
class Terms:
    """The conditions of a run.

    Attributes:
        run_id: That buys.
        model: To ask.
        claim_seconds: Deadline of a claim, from its first call.
        max_cost_usd: Of the run; None: no limit.
    """

    run_id: str
    model: str
    claim_seconds: float = 300.0
    max_cost_usd: float | None = None


@dataclass
class _Job:
    """A claim that is being asked for."""

    dialogue: Dialogue
    order: int
    failures: int = 0
    deadline: float = 0.0


class Engine:
    """One run of calls.

    Args:
        endpoint: Where the model is.
        terms: Of the run.
        journal: Where replies are kept.
        spending: The run's books.
        breaker: Ends the asking.
        deliver: Told of every claim that was settled or given up.

    Attributes:
        over_budget: Whether it stopped because the budget is spent.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        terms: Terms,
        journal: Journal,
        spending: Spending,
        breaker: Breaker,
        deliver: Deliver,
    ) -> None:
        self._endpoint, self._terms = endpoint, terms
        self._journal, self._spending = journal, spending
        self._breaker, self._deliver = breaker, deliver
        self._governor = Governor(endpoint.concurrency, time.monotonic)
        self._waiting: list[tuple[float, int, _Job]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._began = 0.0
        self._met = self._stopped = False
        self._error: BaseException | None = None
        self.over_budget = False

    async def run(self, dialogues: Iterator[Dialogue]) -> None:
        """Ask until every claim is settled, or there is a reason to stop."""
        self._committer = Committer(self._journal)
        self._fresh = (_Job(dialogue, order) for order, dialogue in enumerate(dialogues))
        self._next: _Job | None = next(self._fresh, None)
        async with connect(self._endpoint) as client:
            try:
                await self._dispatch(client)
                await self._finish()
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                self._committer.close()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End without waiting for anything; call it in the loop's thread."""
        self._stopped = True
        self._wake.set()

    async def _dispatch(self, client: AsyncOpenAI) -> None:
        while not self._over() and (self._next or self._waiting or self._tasks):
            self._wake.clear()
            delay = self._delay()
            if delay is not None and delay <= 0:
                self._start(client, self._pick())
                continue
            await self._sleep(delay)

    def _over(self) -> bool:
        limit, spent = self._terms.max_cost_usd, self._spending.cost_usd
        self.over_budget = limit is not None and spent is not None and spent >= limit
        return self.over_budget or self._stopped or self._breaker.open or self._error is not None

    def _delay(self) -> float | None:
        """Seconds until a call may start; None: not before something ends."""
        ready = 0.0 if self._next else None
        if self._waiting and ready is None:
            ready = self._waiting[0][0] - time.monotonic()
        if ready is None:
            return None
        allowed = self._governor.wait()
        return None if allowed is None else max(ready, allowed)

    def _pick(self) -> _Job:
        """A retry whose time has come, else the next claim."""
        if self._waiting and (self._next is None or self._waiting[0][0] <= time.monotonic()):
            return heapq.heappop(self._waiting)[2]
        job, self._next = self._next, next(self._fresh, None)
        assert job is not None  # _delay saw it
        return job

    async def _sleep(self, delay: float | None) -> None:
        try:
            async with asyncio.timeout(delay):
                await self._wake.wait()
        except TimeoutError:
            return

    def _start(self, client: AsyncOpenAI, job: _Job) -> None:
        number, now = self._governor.start(), time.monotonic()
        self._began = self._began or now
        job.deadline = job.deadline or now + self._terms.claim_seconds
        task = asyncio.create_task(self._ask(client, job, number))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()
        self._wake.set()

    async def _ask(self, client: AsyncOpenAI, job: _Job, number: int) -> None:
        request = job.dialogue.request()
        outcome, headers = await self._call(client, request.body, job)
        throttled, tokens = isinstance(outcome, Failure) and outcome.throttled, 0
        try:
            if isinstance(outcome, Paid):
                self._met = True
                tokens = outcome.usage.input_tokens + outcome.usage.output_tokens
                self._spending.add(request.key, outcome.usage)
                await self._committer.keep(self._entry(request.key, request.hash, outcome))
        finally:
            self._governor.end(number=number, throttled=throttled, headers=headers, tokens=tokens)
        if isinstance(outcome, Paid):
            self._heard(job, outcome)
        else:
            self._failed(job, outcome)

    async def _call(
        self, client: AsyncOpenAI, body: bytes, job: _Job
    ) -> tuple[Paid | Failure, Mapping[str, str]]:
        left = max(job.deadline - time.monotonic(), 0.001)
        try:
            async with asyncio.timeout(min(self._endpoint.timeout, left)):
                return await call(client, body)
        except TimeoutError:
            return Failure("the call timed out", Remedy.WAIT), {}

    def _entry(self, key: str, request_hash: str, paid: Paid) -> Entry:
        terms = self._terms
        return Entry(
            request_hash, key, terms.run_id, terms.model, prompt_version(), time.time(), paid
        )

    def _heard(self, job: _Job, paid: Paid) -> None:
        proposal = job.dialogue.hear(paid, fresh=True)
        if proposal is not None:
            self._breaker.delivered()
            self._deliver(job.dialogue, proposal)
        elif job.dialogue.given_up:
            self._lost(job)
        else:
            self._again(job, 0.0)

    def _failed(self, job: _Job, failure: Failure) -> None:
        self._met = self._met or not (failure.unreachable or failure.remedy is Remedy.STOP)
        hopeless = failure.unreachable and not self._met and self._unmet_for() > _UNMET_SECONDS
        if failure.remedy is Remedy.STOP or hopeless:
            self._breaker.trip(failure.cause)
            return
        delay = self._pause(job, failure)
        if failure.remedy is Remedy.SKIP or time.monotonic() + delay >= job.deadline:
            job.dialogue.give_up(failure.cause)
            self._lost(job)
        else:
            self._again(job, delay)

    def _unmet_for(self) -> float:
        return time.monotonic() - self._began

    def _pause(self, job: _Job, failure: Failure) -> float:
        job.failures += 1
        if failure.retry_after is not None:
            return failure.retry_after + random.uniform(0.01, _JITTER)
        longest = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(job.failures - 1, 10))
        return longest * random.uniform(0.5, 1.0)

    def _again(self, job: _Job, delay: float) -> None:
        ready = time.monotonic() + delay
        heapq.heappush(self._waiting, (ready, next(_TICKET), job))
        self._wake.set()

    def _lost(self, job: _Job) -> None:
        self._breaker.gave_up(job.dialogue.cause)
        self._deliver(job.dialogue, None)

    async def _finish(self) -> None:
        """What is in flight has been paid for: let it come in, unless all is lost."""
        if self._stopped or not self._tasks:
            return
        hopeless = self._breaker.open and not self._met
        limit = self._endpoint.timeout if not self._breaker.open else _GRACE
        await asyncio.wait(self._tasks, timeout=_SHORT_GRACE if hopeless else limit)


_TICKET = itertools.count()
