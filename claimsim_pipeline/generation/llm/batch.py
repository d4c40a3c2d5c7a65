"""Backfills through the batch API: half the price, a day's patience.

Submitting and collecting are two visits; nobody waits in between. What a batch
brings goes into the journal of replies, where the next run of its windows finds
it; what it did not bring, or brought in vain, that run asks for by single calls.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claimsim_pipeline.errors import BatchPending, BudgetStopped, LLMUnavailable
from claimsim_pipeline.generation.llm.batch_book import BatchBook, Submitted
from claimsim_pipeline.generation.llm.client import Endpoint, classify, without_secrets
from claimsim_pipeline.generation.llm.dialogue import Dialogue
from claimsim_pipeline.generation.llm.estimate import tokens_of
from claimsim_pipeline.generation.llm.journal import Entry, Journal
from claimsim_pipeline.generation.llm.money import tariff
from claimsim_pipeline.generation.llm.outcome import Paid
from claimsim_pipeline.generation.llm.probe import unreachable
from claimsim_pipeline.generation.llm.prompt import prompt_version
from claimsim_pipeline.generation.llm.request import Request

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

MOST_REQUESTS, MOST_BYTES = 50_000, 150_000_000
_ENDED = ("completed", "expired", "failed", "cancelled")
_TAG = "claimsim"
_MEET_SECONDS = 2.0


@dataclass(frozen=True)
class BatchState:
    """How a batch stands.

    Attributes:
        batch_id: The provider's.
        status: ``pending``, ``unknown`` (the provider has no such batch), ``completed``,
            ``expired``, ``failed`` or ``cancelled``.
        windows: Partition keys (or ids of ad hoc runs) that it has claims of.
        run_id: That submitted it.
        model: That was asked.
        requests: How many it holds.
        replies: How many it brought; they are in the journal.
    """

    batch_id: str
    status: str
    windows: tuple[str, ...]
    run_id: str
    model: str
    requests: int
    replies: int

    @property
    def finished(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self.status in _ENDED

    @property
    def remaining(self) -> int:
        """Requests that are left to single calls."""
        return self.requests - self.replies

    def __str__(self) -> str:
        spans = f"{len(self.windows)} windows" if len(self.windows) > 1 else "".join(self.windows)
        if self.status == "unknown":
            return (
                f"{self.batch_id}: unknown to the provider, {self.requests} claims of {spans}; "
                "collect it with the key and the address that it was submitted with"
            )
        if not self.finished:
            return f"{self.batch_id}: pending, {self.requests} claims of {spans}"
        return (
            f"{self.batch_id}: {self.status}, {self.replies} of {self.requests} claims of {spans}; "
            f"{self.remaining} are left to single calls"
        )


class Batches:
    """The batches of a home.

    Args:
        endpoint: Where the model is.
        home: ``SIM_HOME``.
        model: To ask.
        run_id: Of the run that submits.
        max_cost_usd: Of that run; None: no limit.
        regenerate: Whether other runs' batches do not count.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        home: Path,
        model: str,
        run_id: str = "",
        *,
        max_cost_usd: float | None = None,
        regenerate: bool = False,
    ) -> None:
        self._endpoint, self._model, self._run_id = endpoint, model, run_id
        self._limit, self._regenerate = max_cost_usd, regenerate
        self._submitted_usd = 0.0
        self._journal = Journal(home / "journal")
        self._book = BatchBook(home / "journal" / "batches")

    def submit(self, dialogues: list[Dialogue]) -> None:
        """Submit what no batch has asked for; returns if all is left to single calls.

        Raises:
            BatchPending: If there are replies to wait for.
            BudgetStopped: If the batch would cost more than the run may.
            LLMUnavailable: If the provider cannot be used.
        """
        with self._book.held(), self._client() as client:
            _meet(client)
            self._settle_intents(client)
            asked = {name: b for b in self._counted() for name in b.hashes}
            openings = [dialogue.opening() for dialogue in dialogues]
            fresh = [request for request in openings if request.hash not in asked]
            self._check_budget(fresh)
            for chunk in _chunks(fresh):
                self._send(client, chunk)
            waiting = [b for b in self._counted() if not b.status and self._concerns(b, openings)]
        if waiting:
            raise BatchPending(_pending(waiting))

    def collect(self) -> list[BatchState]:
        """Fetch what is ready into the journal.

        Returns:
            Every batch that was not acknowledged yet, finished or pending.
        """
        if not self._book.batches():
            return []
        with self._book.held(), self._client() as client:
            self._settle_intents(client)
            open_ = [b for b in self._book.batches() if not b.status]
            unknown = {b.intent for b in open_ if not self._fetch(client, b)}
            known = [b for b in self._book.batches() if not b.acknowledged]
            return [_state(b, "unknown" if b.intent in unknown else "pending") for b in known]

    def acknowledge(self, batch_id: str) -> None:
        """Note that a finished batch's claims are published; collect tells no more of it."""
        with self._book.held():
            for batch in self._book.batches():
                if batch.batch_id == batch_id:
                    self._book.note(batch.intent, acknowledged=True)

    def _counted(self) -> list[Submitted]:
        found = self._book.batches()
        return [b for b in found if not self._regenerate or b.run_id == self._run_id]

    @staticmethod
    def _concerns(batch: Submitted, openings: list[Request]) -> bool:
        return any(request.hash in batch.hashes for request in openings)

    def _settle_intents(self, client: OpenAI) -> None:
        """Find out about batches of which a crash left only the intent."""
        lost = [batch for batch in self._book.batches() if not batch.batch_id]
        if not lost:
            return
        theirs = {(b.metadata or {}).get(_TAG): b.id for b in client.batches.list(limit=100)}
        for batch in lost:
            found = theirs.get(batch.intent)
            if found:
                self._book.note(batch.intent, batch_id=found)
            else:
                self._book.note(batch.intent, abandoned=True)

    def _check_budget(self, fresh: list[Request]) -> None:
        usage = tokens_of([request.body for request in fresh])
        cost = tariff(self._model).cost(usage, batch=True) or 0.0
        if self._limit is not None and self._submitted_usd + cost > self._limit:
            raise BudgetStopped(
                f"A batch of {len(fresh)} claims would cost about US$ {cost:.4f}, after US$ "
                f"{self._submitted_usd:.4f} of this run; SIM_LLM_MAX_COST_USD={self._limit:g}. "
                "It was not submitted."
            )
        self._submitted_usd += cost

    def _send(self, client: OpenAI, chunk: list[Request]) -> None:
        hashes = {request.hash: request.key for request in chunk}
        digest = hashlib.sha256(f"{self._run_id}{time.time_ns()}{sorted(hashes)}".encode())
        intent = digest.hexdigest()[:24]
        lines = b"\n".join(_line(request) for request in chunk)
        self._book.intend(Submitted(intent, self._run_id, self._model, prompt_version(), hashes))
        file = client.files.create(file=(f"{intent}.jsonl", lines), purpose="batch")
        once = client.with_options(max_retries=0)  # whose answer is lost may have succeeded
        batch = once.batches.create(
            input_file_id=file.id,
            endpoint="/v1/responses",
            completion_window="24h",
            metadata={_TAG: intent},
        )
        self._book.note(intent, batch_id=batch.id)

    def _fetch(self, client: OpenAI, batch: Submitted) -> bool:
        """Whether the provider knows it; what it brought is in the journal then."""
        from openai import NotFoundError

        try:
            told = client.batches.retrieve(batch.batch_id)
        except NotFoundError:  # another key's, most likely; to buy it anew would be rash
            return False
        if told.status not in _ENDED:
            return True
        entries = [_entry(batch, *found) for found in _replies(client, told)]
        known = [entry for entry in entries if entry is not None]
        self._journal.keep(known)
        self._book.note(batch.intent, status=told.status, replies=len(known))
        return True

    @contextmanager
    def _client(self) -> Iterator[OpenAI]:
        from openai import APIError, APIStatusError, OpenAI

        endpoint = self._endpoint
        lost = unreachable(endpoint.base_url)
        if lost:
            raise LLMUnavailable(f"The batch API cannot be used: {lost} (SIM_LLM_BATCH=true).")
        client = OpenAI(
            api_key=endpoint.api_key or "no-key",
            base_url=endpoint.base_url or "https://api.openai.com/v1",
            timeout=endpoint.timeout,
        )
        try:
            with client:
                yield client
        except APIError as error:
            why = classify(error).cause if isinstance(error, APIStatusError) else str(error)
            told = without_secrets(why, endpoint.api_key)
            raise LLMUnavailable(
                f"The batch API cannot be used: {told} (SIM_LLM_BATCH=true). What was submitted "
                "is written down; run again, or set SIM_LLM_BATCH=false."
            ) from error


def _meet(client: OpenAI) -> None:
    """Notice at once that nobody is there: with the SDK's patience it takes minutes."""
    from openai import APIStatusError

    try:
        client.with_options(max_retries=0, timeout=_MEET_SECONDS).batches.list(limit=1)
    except APIStatusError:
        return  # somebody is there; the calls that matter tell what is wrong


def _chunks(requests: list[Request]) -> Iterator[list[Request]]:
    chunk: list[Request] = []
    size = 0
    for request in requests:
        if chunk and (len(chunk) >= MOST_REQUESTS or size + len(request.body) > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(request)
        size += len(request.body)
    if chunk:
        yield chunk


def _line(request: Request) -> bytes:
    head = f'{{"custom_id":"{request.hash}","method":"POST","url":"/v1/responses","body":'
    return head.encode() + request.body + b"}"


def _replies(client: OpenAI, told: Batch) -> Iterator[tuple[str, object]]:
    """Request's hash and response of each reply; errors are left out."""
    if told.output_file_id is None:
        return
    for text in client.files.content(told.output_file_id).read().splitlines():
        try:
            record = json.loads(text)
            response = record["response"]
            if response and response["status_code"] == 200:
                yield str(record["custom_id"]), response["body"]
        except (ValueError, KeyError, TypeError):
            continue  # the claim is left to a single call


def _entry(batch: Submitted, name: str, body: object) -> Entry | None:
    key = batch.hashes.get(name)
    if key is None:
        return None
    paid = Paid.of(body, batch=True)
    return Entry(
        name,
        key,
        batch.run_id,
        batch.model,
        batch.prompt_version,
        time.time(),
        paid,
        billed=False,
    )


def _state(batch: Submitted, otherwise: str) -> BatchState:
    return BatchState(
        batch.batch_id,
        batch.status or otherwise,
        batch.windows,
        batch.run_id,
        batch.model,
        len(batch.hashes),
        batch.replies,
    )


def _pending(batches: list[Submitted]) -> str:
    count = sum(len(batch.hashes) for batch in batches)
    ids = ", ".join(batch.batch_id for batch in batches)
    return (
        f"{count} claims were submitted to the batch API and are pending ({ids}). "
        "`claimsim batch collect` or the llm_batch_sensor fetches them when they are ready."
    )
