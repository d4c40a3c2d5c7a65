from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.errors import JournalDamaged
from claimsim_pipeline.generation.llm.batch_book import BatchBook, Submitted
from claimsim_pipeline.generation.llm.journal import Entry, Journal, line, prune, read
from claimsim_pipeline.generation.llm.outcome import Paid


def entry(number: int, text: str = "{}", at: float = 1.0) -> Entry:
    content = [{"type": "output_text", "text": text}]
    raw = {"output": [{"type": "message", "content": content}], "usage": {"input_tokens": number}}
    return Entry(f"hash{number}", f"w/{number}", "run", "m", "p", at, Paid.of(raw))


KEYS = [f"w/{number}" for number in range(10)]


def test_what_one_process_kept_another_finds(tmp_path: Path) -> None:
    one, other = Journal(tmp_path), Journal(tmp_path)
    one.keep([entry(0), entry(1)])
    other.keep([entry(2)])
    one.open(KEYS)
    assert one.known == {"w/0", "w/1", "w/2"}
    found = one.get("hash2")
    assert found is not None
    assert found.paid.usage.input_tokens == 2


def test_the_newest_reply_counts(tmp_path: Path) -> None:
    for at, text in ((2.0, "new"), (1.0, "old")):
        Journal(tmp_path).keep([entry(0, text, at)])
    journal = Journal(tmp_path)
    journal.open(KEYS)
    found = journal.get("hash0")
    assert found is not None
    assert found.paid.text == "new"


@pytest.mark.parametrize("lost", [1, 5, 60])
def test_a_torn_last_record_is_passed_over(tmp_path: Path, lost: int) -> None:
    Journal(tmp_path).keep([entry(0), entry(1)])
    (path,) = tmp_path.glob("*/*.jsonl")
    os.truncate(path, path.stat().st_size - lost)
    journal = Journal(tmp_path)
    journal.open(KEYS)
    assert journal.known == {"w/0"}
    assert journal.damaged == []


def test_a_damaged_middle_is_passed_over_and_reported(tmp_path: Path) -> None:
    Journal(tmp_path).keep([entry(0), entry(1), entry(2)])
    (path,) = tmp_path.glob("*/*.jsonl")
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"hash1", b"hashX")
    path.write_bytes(b"\n".join(lines))
    journal = Journal(tmp_path)
    journal.open(KEYS)
    assert journal.known == {"w/0", "w/2"}
    assert journal.damaged == [f"{path}:2"]


def test_old_files_are_pruned(tmp_path: Path) -> None:
    Journal(tmp_path).keep([entry(0)])
    (path,) = tmp_path.glob("*/*.jsonl")
    now = path.stat().st_mtime
    assert prune(tmp_path, 1.0, now) == 0
    assert prune(tmp_path, 1.0, now + 90_000) == 1


@given(st.text(), st.integers())
def test_any_text_survives_a_line(text: str, number: int) -> None:
    data = line({"text": text, "number": number})
    assert data.count(b"\n") == 1
    path = Path(os.devnull)
    assert path.exists()


def test_a_damaged_list_of_batches_is_an_error(tmp_path: Path) -> None:
    book = BatchBook(tmp_path)
    for name in ("a", "b"):
        book.intend(Submitted(name, "run", "m", "p", {"hash": "w/0"}))
    book.note("b", batch_id="batch_1")
    assert [batch.batch_id for batch in book.batches()] == ["", "batch_1"]
    path = tmp_path / "book.jsonl"
    path.write_bytes(b"x" + path.read_bytes())
    with pytest.raises(JournalDamaged, match="remove the line"):
        book.batches()


def test_lines_are_read_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(line({"n": 1}) + b"broken\n" + line({"n": 2}) + b"torn")
    assert list(read(path)) == [(1, {"n": 1}), (2, None), (3, {"n": 2})]
