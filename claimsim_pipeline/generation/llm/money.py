"""What replies cost: tokens counted exactly, dollars from a dated price table."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

_MILLION = 1_000_000
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Usage:
    """Tokens of some replies; cached ones are part of the input."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )

    @classmethod
    def of(cls, told: Any) -> Usage:
        """From the ``usage`` object of a response; what is missing or cannot be counts as 0."""
        if not isinstance(told, dict):
            return cls()
        details = told.get("input_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
        sent, made = _whole(told.get("input_tokens")), _whole(told.get("output_tokens"))
        return cls(sent, min(_whole(cached), sent), made)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


@dataclass(frozen=True)
class Price:
    """Of one model, in US dollars per million tokens."""

    input: float
    cached: float
    output: float

    def cost(self, usage: Usage) -> float:
        """In US dollars."""
        fresh = usage.input_tokens - usage.cached_tokens
        total = fresh * self.input + usage.cached_tokens * self.cached
        return (total + usage.output_tokens * self.output) / _MILLION

    def times(self, share: float) -> Price:
        """The price with a discount."""
        return Price(self.input * share, self.cached * share, self.output * share)


@dataclass(frozen=True)
class Tariff:
    """Both prices of a model; None where the table does not list it."""

    single: Price | None
    batch: Price | None
    as_of: date

    def cost(self, usage: Usage, *, batch: bool = False) -> float | None:
        """In US dollars; None if the model has no price."""
        price = self.batch if batch else self.single
        return None if price is None else price.cost(usage)


@cache
def tariff(model: str) -> Tariff:
    """What a model costs."""
    text = files(__package__).joinpath("prices.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    models = table["models"]
    told = models.get(model) or models.get(_SNAPSHOT.sub("", model))
    if told is None:
        return Tariff(None, None, table["as_of"])
    price = Price(**told)
    return Tariff(price, price.times(float(table["batch_share"])), table["as_of"])


@dataclass
class Tally:
    """Usage by the two ways of buying, and how many replies."""

    single: Usage = field(default_factory=Usage)
    batch: Usage = field(default_factory=Usage)
    replies: int = 0

    def add(self, usage: Usage, *, batch: bool) -> None:
        """Count one reply."""
        self.replies += 1
        if batch:
            self.batch += usage
        else:
            self.single += usage

    @property
    def usage(self) -> Usage:
        """All tokens."""
        return self.single + self.batch

    def cost(self, prices: Tariff) -> float | None:
        """In US dollars; None if the model has no price."""
        if prices.single is None or prices.batch is None:
            return None
        return prices.single.cost(self.single) + prices.batch.cost(self.batch)


@dataclass(frozen=True)
class Part:
    """Tokens and US dollars of a part of the books."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None


class Spending:
    """What a run has paid for: every reply, the ones that were of no use included.

    Args:
        model: As it was asked for.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.tariff = tariff(model)
        self.total = Tally()
        self.windows: dict[str, Tally] = defaultdict(Tally)
        self.claims: dict[str, Tally] = defaultdict(Tally)

    def add(self, key: str, usage: Usage, *, batch: bool = False) -> None:
        """Count a paid reply for the claim with this key."""
        self.total.add(usage, batch=batch)
        self.windows[key.rsplit("/", 1)[0]].add(usage, batch=batch)
        self.claims[key].add(usage, batch=batch)

    @property
    def replies(self) -> int:
        """Paid replies."""
        return self.total.replies

    @property
    def input_tokens(self) -> int:
        """Cached ones included."""
        return self.total.usage.input_tokens

    @property
    def cached_tokens(self) -> int:
        """Input tokens that the provider had in its cache."""
        return self.total.usage.cached_tokens

    @property
    def output_tokens(self) -> int:
        """Generated tokens."""
        return self.total.usage.output_tokens

    @property
    def cost_usd(self) -> float | None:
        """None if the model has no price."""
        return self.total.cost(self.tariff)

    def cost_of_window(self, window: str) -> float | None:
        """What the claims of a window (or ad hoc run) have cost in this run."""
        return self.windows.get(window, Tally()).cost(self.tariff)

    def of_window(self, window: str) -> Part:
        """Tokens and dollars for the claims of a window (or ad hoc run) in this run."""
        usage = self.windows.get(window, Tally()).usage
        return Part(**vars(usage), cost_usd=self.cost_of_window(window))

    def cost_of_claim(self, key: str) -> float | None:
        """What one claim has cost in this run."""
        return self.claims.get(key, Tally()).cost(self.tariff)

    @property
    def note(self) -> str:
        """Says so if the cost is not known."""
        if self.tariff.single is not None:
            return f"prices as of {self.tariff.as_of}"
        return f"the price table of {self.tariff.as_of} does not list {self.model}: cost unknown"
