"""What can be made to go wrong on the loopback model, and what it keeps account of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Knobs:
    """Settings of the server; rates are shares of calls.

    Attributes:
        latency: Seconds that a reply takes.
        malformed: Replies that are no JSON for the schema.
        wild: Replies that are valid and wrong in every field.
        unknown_dx: Replies with a diagnosis that nobody offered.
        refusal: Refusals.
        cut: Incomplete replies.
        garbage: HTTP 200 whose body is no JSON.
        throttle: 429 with ``retry_after``, evenly spread over the calls; whoever waited
            as told is let through.
        broken: 500 without one, likewise; both come at once.
        retry_after: Seconds.
        hang: Calls that are never answered, the next so many.
        status: All calls get this status with this ``code``; 0: none.
        code: Of that error.
        key: The only key that is accepted; empty: any, or none.
        rpm: Hard limit of calls per minute, announced in headers; 0: none.
        level: Calls that the limit lets through at once at first; 0: a minute's.
        batch_polls: How often a batch says it is in progress.
        batch_lost: Share of a batch's requests that expire.
    """

    latency: float = 0.0
    malformed: float = 0.0
    wild: float = 0.0
    unknown_dx: float = 0.0
    refusal: float = 0.0
    cut: float = 0.0
    garbage: float = 0.0
    throttle: float = 0.0
    broken: float = 0.0
    retry_after: float = 1.0
    hang: int = 0
    status: int = 0
    code: str = ""
    key: str = ""
    rpm: int = 0
    level: int = 0
    batch_polls: int = 0
    batch_lost: float = 0.0

    def turn(self, told: dict[str, Any]) -> None:
        """Change some of them."""
        for name, value in told.items():
            if name not in asdict(self):
                raise KeyError(name)
            setattr(self, name, value)


@dataclass
class Account:
    """What has happened.

    Attributes:
        calls: Requests for a reply.
        paid: Replies that somebody pays for.
        useful: Those without a fault.
        early: Calls that came before the Retry-After of the same request was over.
        most: Calls in flight at once, at most.
        first_at: When the first call came, monotonic seconds.
        last_at: When the last reply went out.
    """

    calls: int = 0
    paid: int = 0
    useful: int = 0
    batched: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    throttled: int = 0
    errors: int = 0
    early: int = 0
    most: int = 0
    batches: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    ledger: list[dict[str, Any]] = field(default_factory=list)

    def pay(self, usage: dict[str, Any], *, useful: bool, batch: bool = False) -> None:
        """Write a line into the ledger of paid replies."""
        cached = usage["input_tokens_details"]["cached_tokens"]
        self.paid += 1
        self.useful += useful
        self.batched += batch
        self.input_tokens += usage["input_tokens"]
        self.cached_tokens += cached
        self.output_tokens += usage["output_tokens"]
        self.ledger.append(
            {
                "input_tokens": usage["input_tokens"],
                "cached_tokens": cached,
                "output_tokens": usage["output_tokens"],
                "useful": useful,
                "batch": batch,
            }
        )
