"""What came of a call: a reply that was paid for, or a failure and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from claimsim_pipeline.generation.llm.money import Usage


class Remedy(Enum):
    """What helps against a failure."""

    WAIT = "try again later"
    SKIP = "give the claim up"
    STOP = "stop asking: every other call would fail alike"


@dataclass(frozen=True)
class Failure:
    """A call that gave nothing, and cost nothing that is known of.

    Attributes:
        cause: For people.
        remedy: What helps.
        throttled: Whether the server said that we are too fast.
        unreachable: Whether no server was met at all.
        retry_after: Seconds that the server asked us to wait.
    """

    cause: str
    remedy: Remedy
    throttled: bool = False
    unreachable: bool = False
    retry_after: float | None = None


@dataclass(frozen=True)
class Paid:
    """A reply of the model, useful or not.

    Attributes:
        text: What it wrote; empty if nothing.
        problem: ``refusal``, ``filtered``, ``cut`` (the limit of tokens) or
            ``unreadable``; empty if there is none.
        usage: Tokens.
        raw: The response, without what it merely repeats of the request.
        batch: Whether it was bought through the batch API.
    """

    text: str
    problem: str
    usage: Usage
    raw: Any
    batch: bool = False

    @classmethod
    def of(cls, raw: Any, *, batch: bool = False) -> Paid:
        """From the body of a response, whatever it is."""
        if not isinstance(raw, dict):
            return cls("", "unreadable", Usage(), raw, batch)
        usage = Usage.of(raw.get("usage"))
        parts = list(_parts(raw))
        text = "".join(_text(part, "output_text", "text") for part in parts)
        refusal = "".join(_text(part, "refusal", "refusal") for part in parts)
        kept = {name: raw[name] for name in _KEPT if name in raw}
        return cls(text, _problem(raw, text, refusal), usage, kept, batch)


_KEPT = ("id", "status", "model", "output", "usage", "incomplete_details", "error", "service_tier")


def _problem(raw: dict[str, Any], text: str, refusal: str) -> str:
    if refusal:
        return "refusal"
    if raw.get("status") in ("incomplete", "failed", "cancelled"):
        details = raw.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return "filtered" if reason == "content_filter" else "cut"
    return "" if text else "unreadable"


def _parts(raw: dict[str, Any]) -> list[Any]:
    """The parts of all messages of an answer."""
    output = raw.get("output")
    messages = [m for m in output if isinstance(m, dict)] if isinstance(output, list) else []
    contents = [m["content"] for m in messages if isinstance(m.get("content"), list)]
    return [part for content in contents for part in content if isinstance(part, dict)]


def _text(part: dict[str, Any], kind: str, name: str) -> str:
    text = part.get(name) if part.get("type") == kind else ""
    return text if isinstance(text, str) else ""
