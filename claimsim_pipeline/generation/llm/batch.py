"""Backfills through the batch API: half the price, a day's patience.

Submitting and collecting are two visits; nobody waits in between. What a batch
brings goes into the journal of replies, where the next run of its windows finds
it; what it did not bring, or brought in vain, that run asks for by single calls.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from claimsim_pipeline.errors import BatchPending, BudgetStopped
from claimsim_pipeline.generation.llm import batch_wire
from claimsim_pipeline.generation.llm.batch_book import BatchBook, Submitted
from claimsim_pipeline.generation.llm.batch_state import ENDED, BatchState, told_pending
from claimsim_pipeline.generation.llm.client import Endpoint
from claimsim_pipeline.generation.llm.dialogue import Dialogue
from claimsim_pipeline.generation.llm.estimate import tokens_of
from claimsim_pipeline.generation.llm.journal import Entry, Journal
from claimsim_pipeline.generation.llm.money import tariff
from claimsim_pipeline.generation.llm.outcome import Paid
from claimsim_pipeline.generation.llm.prompt import prompt_version
from claimsim_pipeline.generation.llm.request import Request

if TYPE_CHECKING:
    from openai import OpenAI


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
        with self._book.held(), batch_wire.batch_client(self._endpoint) as client:
            batch_wire.meet(client)
            self._settle_intents(client)
            asked = {name: b for b in self._counted() for name in b.hashes}
            openings = [dialogue.opening() for dialogue in dialogues]
            fresh = [request for request in openings if request.hash not in asked]
            self._check_budget(fresh)
            for chunk in batch_wire.chunks(fresh):
                self._send(client, chunk)
            waiting = [b for b in self._counted() if not b.status and self._concerns(b, openings)]
        if waiting:
            raise BatchPending(told_pending(waiting))

    def collect(self) -> list[BatchState]:
        """Fetch what is ready into the journal.

        Returns:
            Every batch that was not acknowledged yet, finished or pending.
        """
        if not self._book.batches():
            return []
        with self._book.held(), batch_wire.batch_client(self._endpoint) as client:
            self._settle_intents(client)
            open_ = [b for b in self._book.batches() if not b.status]
            unknown = {b.intent for b in open_ if not self._fetch(client, b)}
            known = [b for b in self._book.batches() if not b.acknowledged]
            return [
                BatchState.of(b, "unknown" if b.intent in unknown else "pending") for b in known
            ]

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
        theirs = batch_wire.ids_by_intent(client)
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
        self._book.intend(Submitted(intent, self._run_id, self._model, prompt_version(), hashes))
        self._book.note(intent, batch_id=batch_wire.send(client, intent, chunk))

    def _fetch(self, client: OpenAI, batch: Submitted) -> bool:
        """Whether the provider knows it; what it brought is in the journal then."""
        from openai import NotFoundError

        try:
            told = client.batches.retrieve(batch.batch_id)
        except NotFoundError:  # another key's, most likely; to buy it anew would be rash
            return False
        if told.status not in ENDED:
            return True
        entries = [_entry(batch, *found) for found in batch_wire.replies(client, told)]
        known = [entry for entry in entries if entry is not None]
        self._journal.keep(known)
        self._book.note(batch.intent, status=told.status, replies=len(known))
        return True


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
