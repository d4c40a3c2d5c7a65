"""Which batches were submitted: written down before anything is waited for.

A line says what is about to be submitted, the next that it was, under which id;
a crash between the two is settled by asking the provider. Unlike a lost reply, a
lost line here could buy a whole batch twice, so a damaged one is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from claimsim_pipeline.errors import JournalDamaged
from claimsim_pipeline.generation.llm.journal import append, line, read


@dataclass
class Submitted:
    """A batch, as far as it has come.

    Attributes:
        intent: Our name for it.
        run_id: That submits it.
        model: That is asked.
        prompt_version: Of its requests.
        hashes: Claim's key of each request's hash.
        batch_id: The provider's name; empty until it is known.
        status: Empty until the batch has ended and its replies are kept; then how it ended.
        replies: How many it brought.
        acknowledged: Whether somebody has published its claims.
        abandoned: Whether it turned out never to have been submitted.
    """

    intent: str
    run_id: str
    model: str
    prompt_version: str
    hashes: dict[str, str]
    batch_id: str = ""
    status: str = ""
    replies: int = 0
    acknowledged: bool = False
    abandoned: bool = False

    @property
    def windows(self) -> tuple[str, ...]:
        """Windows (or ad hoc runs) that it has claims of."""
        return tuple(sorted({key.rsplit("/", 1)[0] for key in self.hashes.values()}))


class BatchBook:
    """The list of batches.

    Args:
        folder: Usually ``SIM_HOME/journal/batches``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "book.jsonl"

    @contextmanager
    def held(self) -> Iterator[None]:
        """One process at a time submits or collects."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / "book.lock"):
            yield

    def batches(self) -> list[Submitted]:
        """All of them, oldest first.

        Raises:
            JournalDamaged: If a line but the last cannot be read.
        """
        found: dict[str, Submitted] = {}
        for record in self._records():
            intent = str(record["intent"])
            if "hashes" in record:
                found[intent] = Submitted(**record)
            elif intent in found:
                for name, value in record.items():
                    setattr(found[intent], name, value)
        return [batch for batch in found.values() if not batch.abandoned]

    def intend(self, batch: Submitted) -> None:
        """Write down what is about to be submitted."""
        names = ("intent", "run_id", "model", "prompt_version", "hashes")
        self._write({name: getattr(batch, name) for name in names})

    def note(self, intent: str, **known: Any) -> None:
        """Write down what became of it."""
        self._write({"intent": intent, **known})

    def _write(self, record: dict[str, Any]) -> None:
        self._mend()
        append(self._path, line(record))

    def _mend(self) -> None:
        """Cut off what a crash left of a line, for the next one not to be lost with it."""
        data = self._path.read_bytes() if self._path.exists() else b""
        if data and not data.endswith(b"\n"):
            os.truncate(self._path, data.rfind(b"\n") + 1)

    def _records(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        for number, record in read(self._path):
            if record is None:
                raise JournalDamaged(
                    f"{self._path}:{number} is damaged; a batch may have been submitted there. "
                    "Look it up at the provider, then remove the line: batches of removed lines "
                    "are submitted again."
                )
            yield record
