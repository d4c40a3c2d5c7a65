"""What a run would cost, before anything is bought."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.llm.journal import Entry, recent
from claimsim_pipeline.generation.llm.money import Usage, tariff
from claimsim_pipeline.generation.llm.prompt import prompt_version
from claimsim_pipeline.generation.llm.request import Requests

_CHARACTERS_PER_TOKEN = 4.0
_REPLY_TOKENS = 150
_SAMPLE = 200


@dataclass(frozen=True)
class Estimate:
    """What to expect.

    Attributes:
        claims: How many are asked for.
        usage: Tokens of all of them, each asked for once.
        cost_usd: By single calls; None if the model has no price.
        batch_usd: Through the batch API; None likewise.
        note: What it rests on.
    """

    claims: int
    usage: Usage
    cost_usd: float | None
    batch_usd: float | None
    note: str


def estimate(
    briefs: Briefs,
    reference: Reference,
    model: str,
    *,
    home: Path | None = None,
    claims: int | None = None,
) -> Estimate:
    """Tokens and dollars for these briefs.

    Args:
        briefs: What is to be made, or the beginning of it.
        reference: Of the base.
        model: To ask.
        home: ``SIM_HOME``: earlier replies tell how long they are; None: guess.
        claims: How many in all; None: the briefs are all.
    """
    count = len(briefs)
    if not count:
        return Estimate(0, Usage(), 0.0, 0.0, "nothing to ask for")
    earlier = _earlier(home, model)
    if earlier:
        asked = len({(entry.key, entry.run_id) for entry in earlier})  # some more than once
        one = _shared(sum((entry.paid.usage for entry in earlier), Usage()), asked)
        note = f"the mean of {asked} earlier claims"
    else:
        requests = Requests(briefs, reference, model)
        step = max(1, count // _SAMPLE)
        bodies = [requests.make(row, 0).body for row in range(0, count, step)]
        one, note = _shared(tokens_of(bodies), len(bodies)), "four characters a token"
    whole = count if claims is None else claims
    usage = Usage(*(value * whole for value in vars(one).values()))
    prices = tariff(model)
    single, batch = prices.cost(usage), prices.cost(usage, batch=True)
    return Estimate(whole, usage, single, batch, f"{note}; prices of {prices.as_of}")


def tokens_of(bodies: list[bytes]) -> Usage:
    """Roughly, without a tokenizer; nothing is taken to be cached."""
    sent = sum(len(body) for body in bodies) / _CHARACTERS_PER_TOKEN
    return Usage(round(sent), 0, _REPLY_TOKENS * len(bodies))


def _earlier(home: Path | None, model: str) -> list[Entry]:
    if home is None:
        return []
    found = recent(home / "journal", _SAMPLE)
    version = prompt_version()
    return [e for e in found if (e.model, e.prompt_version) == (model, version)]


def _shared(usage: Usage, count: int) -> Usage:
    return Usage(*(round(value / count) for value in vars(usage).values()))
