"""How a batch stands, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from claimsim_pipeline.generation.llm.batch_book import Submitted

ENDED = ("completed", "expired", "failed", "cancelled")
"""The provider's words for a batch that brings nothing any more."""


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

    @classmethod
    def of(cls, batch: Submitted, otherwise: str) -> BatchState:
        """Of what the book holds; ``otherwise`` is the status of one that has not ended."""
        return cls(
            batch.batch_id,
            batch.status or otherwise,
            batch.windows,
            batch.run_id,
            batch.model,
            len(batch.hashes),
            batch.replies,
        )

    @property
    def finished(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self.status in ENDED

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


def told_pending(batches: Iterable[Submitted]) -> str:
    """What a run says that has to wait for them."""
    batches = list(batches)
    count = sum(len(batch.hashes) for batch in batches)
    ids = ", ".join(batch.batch_id for batch in batches)
    return (
        f"{count} claims were submitted to the batch API and are pending ({ids}). "
        "`claimsim batch collect` or the llm_batch_sensor fetches them when they are ready."
    )
