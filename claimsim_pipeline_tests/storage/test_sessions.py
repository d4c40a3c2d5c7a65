"""Sessions: locks, deadlines, and what is said when the file cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.errors import DatabaseTooNew, DiskFull, StoreBusy
from claimsim_pipeline.storage import failures
from claimsim_pipeline.storage.sessions import session, transaction
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.storage.claims import NOW, ask, batch

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "ro")
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def _held_by_another_process(path: Path, mode: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path), mode]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None and process.stdin and not process.stdin.closed:
            process.stdin.close()  # ends its readline()


def test_a_busy_file_names_its_holder_after_the_deadline(database: Path) -> None:
    with (
        _held_by_another_process(database, "ro") as process,
        pytest.raises(StoreBusy, match=f"process {process.pid}"),
        session(database, read_only=False, deadline=0.05),
    ):
        pass


def test_readers_share_the_file_with_readers_of_other_processes(database: Path) -> None:
    with (
        _held_by_another_process(database, "ro"),
        session(database, read_only=True, deadline=1) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM claims_normalized").fetchall() == [(2_000,)]


def test_a_writer_gets_the_file_as_soon_as_it_is_let_go(store: ClaimStore) -> None:
    with _held_by_another_process(store.path, "rw") as process:
        assert process.stdin is not None
        soon = threading.Timer(0.1, process.stdin.close)
        soon.start()
        assert store.publish(batch(["A"]), published_at=NOW).inserted == 1
        soon.join()


def test_a_second_session_of_this_process_does_not_give_the_file_away(database: Path) -> None:
    with session(database, read_only=False):
        with (
            pytest.raises(StoreBusy),
            session(database, read_only=True, deadline=0.0),
        ):
            pass
        opening = f"import duckdb; duckdb.connect({str(database)!r}, read_only=True)"
        other = subprocess.run(
            [sys.executable, "-c", opening], capture_output=True, text=True, check=False
        )
    assert "Could not set lock" in other.stderr


def test_the_file_is_free_again_after_an_exception(database: Path) -> None:
    with pytest.raises(ZeroDivisionError), session(database, read_only=False) as connection:
        connection.execute("SELECT 1").fetchall()
        raise ZeroDivisionError
    assert ask(database, "SELECT 1") == [(1,)]


def test_a_failed_transaction_leaves_nothing(database: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        session(database, read_only=False) as connection,
        transaction(connection),
    ):
        connection.execute("CREATE TABLE t (i INTEGER)")
        raise ZeroDivisionError
    with pytest.raises(duckdb.CatalogException):
        ask(database, "FROM t")


def test_a_waiting_writer_is_served_before_new_readers(store: ClaimStore) -> None:
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with session(store.path, read_only=True, deadline=5) as connection:
                connection.execute("SELECT count(*) FROM claims_normalized").fetchall()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        done = [store.publish(batch([f"A{i}"]), published_at=NOW).inserted for i in range(3)]
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert done == [1, 1, 1]


def test_lock_files_respect_the_umask_and_are_never_world_writable(database: Path) -> None:
    before = os.umask(0)
    try:
        with session(database, read_only=True):
            pass
    finally:
        os.umask(before)
    modes = [database.with_name(database.name + end).stat().st_mode for end in (".gate", ".room")]
    assert [oct(mode & 0o777) for mode in modes] == ["0o664", "0o664"]


def test_a_created_file_carries_the_storage_version_of_duckdb_1_4(tmp_path: Path) -> None:
    path = tmp_path / "new.duckdb"
    with session(path, read_only=False, create=True) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    version = int.from_bytes(path.read_bytes()[12:20], "little")
    assert 64 <= version <= 67


@pytest.mark.parametrize(
    ("text", "leaf"),
    [
        ('Could not write file "a.wal": No space left on device', DiskFull),
        ("has version number 999, but we can only read versions between 64 and 67", DatabaseTooNew),
    ],
)
def test_what_duckdb_reports_is_told_as_our_own_error(text: str, leaf: type[Exception]) -> None:
    with pytest.raises(leaf), failures.translated(Path("a.duckdb")):
        raise duckdb.IOException(text)
