"""What a run would cost, before anything is bought."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.llm.journal import recent
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
        cost_usd: None if the model has no price.
        note: What it rests on.
    """

    claims: int
    usage: Usage
    cost_usd: float | None
    note: str


def estimate(
    briefs: Briefs,
    reference: Reference,
    model: str,
    *,
    home: Path | None = None,
    batch: bool = False,
) -> Estimate:
    """Tokens and dollars for these briefs.

    Args:
        briefs: What is to be made.
        reference: Of the base.
        model: To ask.
        home: ``SIM_HOME``: earlier replies tell how long they are; None: guess.
        batch: Through the batch API.
    """
    count = len(briefs)
    if not count:
        return Estimate(0, Usage(), 0.0, "nothing to ask for")
    earlier = _earlier(home, model)
    if earlier:
        one, note = _mean(earlier), f"the mean of {len(earlier)} earlier replies"
    else:
        requests = Requests(briefs, reference, model)
        step = max(1, count // _SAMPLE)
        bodies = [requests.make(row, 0).body for row in range(0, count, step)]
        one, note = _shared(tokens_of(bodies), len(bodies)), "four characters a token"
    usage = Usage(*(value * count for value in vars(one).values()))
    prices = tariff(model)
    return Estimate(
        count, usage, prices.cost(usage, batch=batch), f"{note}; prices of {prices.as_of}"
    )


def tokens_of(bodies: list[bytes]) -> Usage:
    """Roughly, without a tokenizer; nothing is taken to be cached."""
    sent = sum(len(body) for body in bodies) / _CHARACTERS_PER_TOKEN
    return Usage(round(sent), 0, _REPLY_TOKENS * len(bodies))


def _earlier(home: Path | None, model: str) -> list[Usage]:
    if home is None:
        return []
    found = recent(home / "journal", _SAMPLE)
    version = prompt_version()
    return [e.paid.usage for e in found if (e.model, e.prompt_version) == (model, version)]


def _mean(usages: list[Usage]) -> Usage:
    return _shared(sum(usages, Usage()), len(usages))


def _shared(usage: Usage, count: int) -> Usage:
    return Usage(*(round(value / count) for value in vars(usage).values()))
