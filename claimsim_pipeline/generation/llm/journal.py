"""Every reply that was paid for, on disk before it is used.

Each writer has a file of its own for each shard, so that processes never share
one; a claim's shard comes from its window or run, so that a window is read
without the rest. A line is a checksum and a JSON record.

A torn last line is what a crash leaves: it is passed over. A damaged line in
the middle is passed over too, and reported: it costs one reply to buy again,
where refusing to go on would cost the run. (Records of submitted batches are
another matter: see :mod:`.batch_book`.)
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimsim_pipeline.errors import DiskFull, FolderNotWritable
from claimsim_pipeline.generation.llm.outcome import Paid

_CHECK_DIGITS = 8
_DAY = 86_400


@dataclass(frozen=True)
class Entry:
    """A reply as it is kept.

    Attributes:
        hash: Of the request.
        key: Of the claim.
        run_id: Of the run that bought it.
        model: That was asked.
        prompt_version: Of the request.
        at: Unix time of the reply.
        paid: The reply.
        billed: Whether some run has it in its books.
    """

    hash: str
    key: str
    run_id: str
    model: str
    prompt_version: str
    at: float
    paid: Paid
    billed: bool = True


class Journal:
    """A folder of replies.

    Args:
        folder: Usually ``SIM_HOME/journal``; made when the first reply is kept.

    Attributes:
        known: Keys of the opened claims that have a reply.
        damaged: Damaged lines that were met, as ``file:line``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = f"{int(time.time())}-{os.getpid()}-{secrets.token_hex(3)}"
        self._wanted: frozenset[str] = frozenset()
        self._entries: dict[str, Entry] = {}
        self.known: frozenset[str] = frozenset()
        self.damaged: list[str] = []

    def open(self, keys: Iterable[str]) -> None:
        """Read what is known of these claims now, in whatever process it was bought."""
        self._wanted = frozenset(keys)
        self._entries.clear()
        for shard in sorted({_shard(key) for key in self._wanted}):
            self._open_shard(shard)
        self.known = frozenset(entry.key for entry in self._entries.values())

    def get(self, request_hash: str) -> Entry | None:
        """The newest reply to a request; its claim's key must have been opened."""
        return self._entries.get(request_hash)

    def keep(self, entries: list[Entry]) -> None:
        """Write replies and wait until the disk has them.

        Raises:
            DiskFull: If there was no room; nothing was lost but these replies.
            FolderNotWritable: If the folder cannot be written.
        """
        self._append([(entry.key, _record(entry)) for entry in entries])

    def bill(self, entries: list[Entry]) -> None:
        """Note that these replies (of batches) are now in some run's books."""
        self._append([(e.key, {"bill": e.hash, "key": e.key}) for e in entries])

    def _append(self, records: list[tuple[str, dict[str, Any]]]) -> None:
        by_shard: dict[str, list[bytes]] = {}
        for key, record in records:
            by_shard.setdefault(_shard(key), []).append(line(record))
        for shard, lines in by_shard.items():
            append(self._folder / shard / f"{self._writer}.jsonl", b"".join(lines))

    def _open_shard(self, shard: str) -> None:
        """Read a shard's files, those that were not there the last time included."""
        billed: set[str] = set()
        for path in sorted((self._folder / shard).glob("*.jsonl")):
            for record in self._records(path):
                if "bill" in record:
                    billed.add(str(record["bill"]))
                else:
                    self._take(_entry(record))
        for name in billed & self._entries.keys():
            known = self._entries[name]
            self._entries[name] = Entry(**{**vars(known), "billed": True})

    def _take(self, entry: Entry) -> None:
        known = self._entries.get(entry.hash)
        if known is None or entry.at >= known.at:
            self._entries[entry.hash] = entry

    def _records(self, path: Path) -> Iterator[dict[str, Any]]:
        for number, record in read(path):
            if record is None:
                place = f"{path}:{number}"
                if place not in self.damaged:
                    self.damaged.append(place)
            elif record.get("key") in self._wanted:
                yield record


def prune(folder: Path, older_than_days: float, now: float) -> int:
    """Delete files whose newest reply is older; how many."""
    pruned = 0
    for path in folder.glob("*/*.jsonl"):
        if path.stat().st_mtime < now - older_than_days * _DAY:
            path.unlink(missing_ok=True)
            pruned += 1
    return pruned


def recent(folder: Path, most: int) -> list[Entry]:
    """The newest replies, of whatever claims."""
    found: list[Entry] = []
    paths = sorted(folder.glob("*/*-*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in paths:
        records = [record for _, record in read(path) if record and "raw" in record]
        found = [*(_entry(record) for record in records), *found]
        if len(found) >= most:
            break
    return found[-most:]


def line(record: dict[str, Any]) -> bytes:
    """A record as a line: checksum, space, JSON."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    return b"%08x %s\n" % (zlib.crc32(data), data)


def append(path: Path, data: bytes) -> None:
    """Add bytes to a file and wait until the disk has them."""
    before = path.stat().st_size if path.exists() else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before is None:
            _sync_folder(path.parent)
    except OSError as error:
        if before is not None or path.exists():
            os.truncate(path, before or 0)  # nothing half-written for the next record to join
        if error.errno in FULL:
            raise DiskFull(f"No space left to keep a paid reply in {path}: make room.") from None
        raise FolderNotWritable(f"{path} cannot be written ({error}).") from None


FULL = (28, 122)  # ENOSPC, EDQUOT


def _sync_folder(folder: Path) -> None:
    """So that the file's name survives a crash too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Line numbers and records of a file; None for a damaged line, a torn last one left out."""
    lines = path.read_bytes().split(b"\n")
    whole, tail = lines[:-1], lines[-1]
    for number, data in enumerate(whole, start=1):
        record = _checked(data)
        torn = record is None and number == len(whole) and not tail
        if not torn:
            yield number, record


def _checked(data: bytes) -> dict[str, Any] | None:
    check, _, text = data.partition(b" ")
    if len(check) != _CHECK_DIGITS or b"%08x" % zlib.crc32(text) != check:
        return None
    record = json.loads(text.decode("utf-8", "surrogatepass"))
    return record if isinstance(record, dict) else None


def _shard(key: str) -> str:
    """Two hex digits for a claim's window or run."""
    return hashlib.sha256(key.rsplit("/", 1)[0].encode()).hexdigest()[:2]


def _record(entry: Entry) -> dict[str, Any]:
    told = {name: value for name, value in vars(entry).items() if name != "paid"}
    return {**told, "batch": entry.paid.batch, "raw": entry.paid.raw}


def _entry(record: dict[str, Any]) -> Entry:
    told = dict(record)
    paid = Paid.of(told.pop("raw"), batch=bool(told.pop("batch")))
    return Entry(paid=paid, **told)
