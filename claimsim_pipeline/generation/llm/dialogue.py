"""The conversation about one claim: what to ask next, and whether a reply will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from claimsim_pipeline.generation.llm.candidates import Candidate
from claimsim_pipeline.generation.llm.outcome import Paid
from claimsim_pipeline.generation.llm.request import OUTPUT_TOKENS, Request, Requests
from claimsim_pipeline.generation.llm.schema import InvalidReply, Reply, parse

MOST_REPLIES = 8
_UNKNOWN_PER_BRIEF = 2
_MOST_REFUSALS = 3
_MOST_TOKENS = 4 * OUTPUT_TOKENS
_STEM = 3


@dataclass(frozen=True)
class Proposal:
    """A reply that will do.

    Attributes:
        case_key: Of the candidate that was chosen.
        reply: What the model wrote.
        repairs: Names of what was put right so far.
    """

    case_key: int
    reply: Reply
    repairs: list[str] = field(default_factory=list)


class Dialogue:
    """One claim's attempts, in this run and in earlier ones.

    Attributes:
        row: Of the claim in its briefs.
        cause: Of the latest problem.
        given_up: Whether there is no point in asking again.
        replies: What was paid for and of no use.
    """

    def __init__(self, row: int, requests: Requests) -> None:
        self.row = row
        self.cause = ""
        self.given_up = False
        self.replies: list[dict[str, Any]] = []
        self._requests = requests
        self._attempt = self._variant = self._unknown = 0
        self._fresh = self._refusals = 0
        self._tokens = OUTPUT_TOKENS

    def request(self) -> Request:
        """What to ask now."""
        return self._requests.make(self.row, self._attempt, self._variant, self._tokens)

    def opening(self) -> Request:
        """What was, or would have been, asked first."""
        return self._requests.make(self.row, 0)

    def hear(self, paid: Paid, *, fresh: bool) -> Proposal | None:
        """Judge a reply to the current request.

        Args:
            paid: The reply.
            fresh: Whether it was bought just now; old ones use up no patience.

        Returns:
            The claim, or None: then ask again, or see ``given_up``.
        """
        proposal = self._judged(paid, fresh)
        self._attempt += 1
        if proposal is None:
            self._fresh += fresh
            self.replies.append({"cause": self.cause, "raw": paid.raw})
            self.given_up = self._fresh >= MOST_REPLIES or self._refusals >= _MOST_REFUSALS
        return proposal

    def give_up(self, cause: str) -> None:
        """Stop for a reason that is not a reply."""
        self.cause, self.given_up = cause, True

    def _judged(self, paid: Paid, fresh: bool) -> Proposal | None:
        if paid.problem in ("refusal", "filtered"):
            self.cause = f"the model refused ({paid.problem})"
            self._refusals += fresh
            self._variant += 1
            return None
        if paid.problem == "cut":
            self.cause = "the reply was cut off"
            self._tokens = min(2 * self._tokens, _MOST_TOKENS)
            return None
        try:
            reply = parse(paid.text)
        except InvalidReply as error:
            self.cause = f"the reply does not follow the schema ({error})"
            return None
        return self._matched(reply)

    def _matched(self, reply: Reply) -> Proposal | None:
        """The proposal, if the diagnosis is one of the candidates."""
        code = reply.dx_primary_code.strip().upper().replace(".", "")[:_STEM]
        for candidate in self._requests.candidates(self.row, self._variant):
            if candidate.code == code:
                return Proposal(candidate.case_key, reply, self._repairs(reply, candidate))
        self.cause = f"diagnosis {reply.dx_primary_code[:20]!r} is none of the candidates"
        self._unknown += 1
        if self._unknown % _UNKNOWN_PER_BRIEF == 0:
            self._variant += 1
        return None

    def _repairs(self, reply: Reply, candidate: Candidate) -> list[str]:
        """What follows from the candidate, whatever the model wrote."""
        service, severity = self._requests.care(self.row)
        written = {
            "dx_code_format": (reply.dx_primary_code, candidate.code),
            "dx_label": (reply.dx_primary_label, candidate.label),
            "service": (reply.service_type, service),
            "severity": (reply.severity_group, severity),
            "facility": (reply.facility, self._requests.facility_name(self.row)),
        }
        return [name for name, (theirs, right) in written.items() if theirs != right]
