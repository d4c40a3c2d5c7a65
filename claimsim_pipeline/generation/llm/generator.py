"""The generator that asks a model: the same door as the offline one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.errors import (
    BudgetStopped,
    ClaimsNotDelivered,
    LLMUnavailable,
    UsageError,
)
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.door import ClaimGenerator
from claimsim_pipeline.generation.llm.background import Arrival, Background
from claimsim_pipeline.generation.llm.breaker import Breaker
from claimsim_pipeline.generation.llm.client import Endpoint
from claimsim_pipeline.generation.llm.desk import Desk
from claimsim_pipeline.generation.llm.dialogue import Dialogue
from claimsim_pipeline.generation.llm.engine import Deliver, Engine, Terms
from claimsim_pipeline.generation.llm.journal import Entry, Journal
from claimsim_pipeline.generation.llm.money import Spending
from claimsim_pipeline.generation.llm.outcome import Paid
from claimsim_pipeline.generation.llm.probe import unreachable
from claimsim_pipeline.generation.llm.quarantine import put_away
from claimsim_pipeline.generation.llm.remarks import remarks
from claimsim_pipeline.generation.llm.request import Requests
from claimsim_pipeline.generation.llm.settle import Settler

Submit = Callable[[list[Dialogue]], None]


@dataclass(frozen=True)
class Options:
    """What a user may choose about a run.

    Attributes:
        model: To ask.
        run_id: In the journal.
        home: ``SIM_HOME``: holds journal and quarantine.
        force: Whether nobody may stand in for the model.
        regenerate: Whether to buy anew what other runs have bought.
        max_cost_usd: Of the run; None: no limit.
        claim_seconds: Deadline of a claim, from its first call.
    """

    model: str
    run_id: str
    home: Path
    force: bool = True
    regenerate: bool = False
    max_cost_usd: float | None = None
    claim_seconds: float = 300.0


class LLMGenerator:
    """Makes drafts from a model's replies.

    Args:
        endpoint: Where the model is.
        options: The user's choices.
        fallback: Makes the claims that the model does not deliver; used if
            ``options.force`` is False, and then required.
        submit: Batch mode: is given the claims that no batch has asked for yet, and
            raises BatchPending while there is something to wait for.

    Attributes:
        spending: The run's books: tokens and dollars, live.
        repairs: How often what was put right in the model's replies.
        lost: Claims that were asked for and given up, by cause.
        breaker: Open once the model is not asked any more in this run.
        began: Unix time at which this process took the run up.
        before: What the run had bought until then, by the requests' hashes.

    Raises:
        LLMUnavailable: If there is neither a key nor another server, and force is on.
        UsageError: If there is a budget and the model has no price.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        options: Options,
        *,
        fallback: ClaimGenerator | None = None,
        submit: Submit | None = None,
    ) -> None:
        self._endpoint, self._options, self._submit = endpoint, options, submit
        self._fallback = None if options.force else fallback
        self._journal = Journal(options.home / "journal")
        self.spending = Spending(options.model)
        self.repairs: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.breaker = Breaker()
        self.began, self.before = time.time(), dict[str, Paid]()
        self._check_options()

    @property
    def cost_before(self) -> float:
        """What the run had paid, in US dollars, when it was interrupted; a budget counts it."""
        paid, tariff = self.before.values(), self.spending.tariff
        return sum(tariff.cost(reply.usage, batch=reply.batch) or 0.0 for reply in paid)

    def remarks(self) -> list[str]:
        """What the user should hear: why the model was given up, what of it was damaged."""
        return remarks(
            closed=self.breaker.cause,
            lost=self.lost,
            damaged=self._journal.damaged,
            model=self._options.model,
        )

    def generate(self, briefs: Briefs, reference: Reference) -> Iterator[pd.DataFrame]:
        """Drafts of whole units, as soon as they are complete, the first due first.

        Raises:
            LLMUnavailable: If the model cannot be used, and force is on.
            ClaimsNotDelivered: If claims were given up, and force is on; what was
                delivered has been yielded.
            BudgetStopped: If the budget is spent; what was bought has been yielded.
            BatchPending: If replies are to come from a batch.
        """
        if len(briefs):
            yield from _Call(self, briefs, reference).drafts()

    def _check_options(self) -> None:
        options, prices = self._options, self.spending.tariff
        if options.max_cost_usd is not None and prices.single is None:
            raise UsageError(
                f"SIM_LLM_MAX_COST_USD={options.max_cost_usd:g} cannot be kept: "
                f"{self.spending.note}. Unset it, or choose a model of the table."
            )
        if self._endpoint.api_key or self._endpoint.base_url:
            return
        self.breaker.trip("there is no OPENAI_API_KEY")
        if options.force:
            raise self._unavailable()

    def _unavailable(self) -> LLMUnavailable:
        forced = "SIM_FORCE_LLM=true rules the offline mutator out" if self._options.force else ""
        return LLMUnavailable(
            f"The model {self._options.model} cannot be used: {self.breaker.cause}; {forced}. "
            "Set OPENAI_API_KEY, OPENAI_BASE_URL and SIM_LLM_MODEL right, or SIM_FORCE_LLM=false."
        )


class _Call:
    """One call of ``generate``."""

    def __init__(self, owner: LLMGenerator, briefs: Briefs, reference: Reference) -> None:
        self._owner, self._options = owner, owner._options
        self._briefs, self._cause = briefs, ""
        self._requests = Requests(briefs, reference, self._options.model)
        self._desk = Desk(briefs, allow_missing=owner._fallback is not None)
        self._settler = Settler(
            briefs,
            reference,
            self._requests.texts,
            model=self._options.model,
            fallback=owner._fallback,
        )
        self._settler.repairs = owner.repairs

    def drafts(self) -> Iterator[pd.DataFrame]:
        """First what is known, then what is asked for, then what the mutator makes."""
        owner = self._owner
        asking = self._replayed()
        if asking and owner._submit is not None and not owner.breaker.open:
            self._submitted(asking)
        yield from self._complete()
        over_budget = False
        if asking and self._can_ask():
            self._settler.prepare()
            background = Background(self._engine)
            for group in background.arrivals(iter(asking)):
                self._take(group)
                yield from self._complete()
            over_budget = background.over_budget
        if over_budget:
            raise self._budget_stopped()
        yield from self._end()

    def _submitted(self, asking: list[Dialogue]) -> None:
        """Batch mode; returns if single calls are to be made, or none."""
        assert self._owner._submit is not None
        try:
            self._owner._submit(asking)
        except LLMUnavailable as error:
            if self._options.force:
                raise LLMUnavailable(f"SIM_FORCE_LLM=true: {error}") from error
            self._owner.breaker.trip(str(error))

    def _replayed(self) -> list[Dialogue]:
        """Claims that the journal does not settle, the first due first."""
        journal, keys = self._owner._journal, self._requests.keys
        journal.open(keys)
        bought: list[Entry] = []
        asking = []
        for row in self._desk.order:
            dialogue = Dialogue(row, self._requests)
            if keys[row] not in journal.known or not self._replay(dialogue, bought):
                asking.append(dialogue)
        if bought:
            journal.bill(bought)
        return asking

    def _replay(self, dialogue: Dialogue, bought: list[Entry]) -> bool:
        """Go through a claim's earlier replies; whether that settles it."""
        while True:
            entry = self._owner._journal.get(dialogue.request().hash)
            if entry is None or not self._usable(entry):
                return False
            if entry.run_id == self._options.run_id and entry.at < self._owner.began:
                self._owner.before[entry.hash] = entry.paid
            if not entry.billed:
                self._owner.spending.add(entry.key, entry.paid.usage, batch=entry.paid.batch)
                bought.append(entry)
            proposal = dialogue.hear(entry.paid, fresh=False)
            if proposal is not None:
                self._desk.put(dialogue.row, proposal)
                return True

    def _usable(self, entry: Entry) -> bool:
        return not self._options.regenerate or entry.run_id == self._options.run_id

    def _can_ask(self) -> bool:
        owner = self._owner
        if not owner.breaker.open:
            lost = unreachable(owner._endpoint.base_url)
            if lost:
                owner.breaker.trip(lost)
        return not owner.breaker.open

    def _engine(self, deliver: Deliver) -> Engine:
        owner, options = self._owner, self._options
        limit = options.max_cost_usd
        left = None if limit is None else max(0.0, limit - owner.cost_before)
        terms = Terms(options.run_id, options.model, options.claim_seconds, left)
        return Engine(
            owner._endpoint, terms, owner._journal, owner.spending, owner.breaker, deliver
        )

    def _take(self, group: list[Arrival]) -> None:
        for dialogue, proposal in group:
            self._desk.put(dialogue.row, proposal)
            if proposal is None:
                self._cause = dialogue.cause
                self._owner.lost[dialogue.cause] += 1
                folder = self._options.home / "quarantine"
                key = self._requests.keys[dialogue.row]
                put_away(folder, key, dialogue.cause, dialogue.replies)

    def _complete(self) -> Iterator[pd.DataFrame]:
        ready = self._desk.take()
        if ready:
            yield self._settler.settle(ready)

    def _end(self) -> Iterator[pd.DataFrame]:
        """What is left: the mutator's, or an error."""
        owner, rest = self._owner, self._desk.rest()
        if owner._fallback is not None:
            for row in rest:
                self._desk.put(row, None)
            yield from self._complete()
            return
        if rest and owner.breaker.unavailable:
            raise owner._unavailable()
        if rest or self._desk.missing:
            raise self._not_delivered(len(rest) + len(self._desk.missing))

    def _not_delivered(self, count: int) -> ClaimsNotDelivered:
        causes = f" ({self._cause})" if self._cause else ""
        return ClaimsNotDelivered(
            f"{count} of {len(self._briefs)} claims were not delivered by {self._options.model}"
            f"{causes}, and SIM_FORCE_LLM=true rules the offline mutator out. The raw replies "
            f"are in {self._options.home / 'quarantine'}; the same run or window again asks for "
            "these claims only."
        )

    def _budget_stopped(self) -> BudgetStopped:
        spent, limit = self._owner.spending.cost_usd or 0.0, self._options.max_cost_usd
        spent += self._owner.cost_before
        return BudgetStopped(
            f"SIM_LLM_MAX_COST_USD={limit:g} is spent (US$ {spent:.4f}); what was bought is kept. "
            "Raise the budget and go on with the same run or window: nothing is bought twice."
        )
