"""Many claims at once: in the file without a detour by the log, and the same for every reader."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.errors import StoreBusy
from claimsim_pipeline.storage.sessions import ROW_GROUP, session
from claimsim_pipeline_tests.storage.claims import NOW, ask, batch, make_base, open_store

MANY = ROW_GROUP + 500
GROUPS = (
    "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('claims_live_stream') "
    "WHERE column_name = 'los'"
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with many claims of one publication, and one more of the next."""
    path = make_base(tmp_path_factory.mktemp("bulk") / "analytics.duckdb", prepared=True)
    store = open_store(path)
    store.publish(batch([f"S-{n}" for n in range(MANY)]), published_at=NOW)
    store.publish(batch(["S-0", "S-LAST"]), published_at=NOW)
    return path


def test_many_claims_are_in_all_three_tables_once(published: Path) -> None:
    counts = open_store(published).counts()
    assert {counts[name] for name in counts if name.startswith("claims_live")} == {MANY + 1}


def test_many_claims_leave_no_log_behind(published: Path) -> None:
    assert not published.with_name(f"{published.name}.wal").exists()
    assert ask(published, GROUPS) > [(1,)]


def test_views_made_by_a_bulk_writer_name_no_database(tmp_path: Path) -> None:
    path = make_base(tmp_path / "one.duckdb")
    with session(path, read_only=False, bulk=True) as connection:
        connection.execute("CREATE VIEW seen AS FROM claims_normalized")
    moved = path.rename(tmp_path / "two.duckdb")
    assert ask(moved, "SELECT count(*) FROM seen") == [(2_000,)]


@pytest.mark.parametrize("name", ["memory.duckdb", "temp.db", "my data.v2.duckdb", 'a"b.duckdb'])
def test_a_file_may_be_called_anything(tmp_path: Path, name: str) -> None:
    path = make_base(tmp_path / name, prepared=True)
    with session(path, read_only=False, bulk=True) as connection:
        connection.execute("CREATE TABLE made AS FROM range(3)")
    assert ask(path, "SELECT count(*) FROM made") == [(3,)]


def test_a_bulk_writer_waits_for_a_connection_of_its_own_process(tmp_path: Path) -> None:
    path = make_base(tmp_path / "a.duckdb")
    with (
        duckdb.connect(str(path), read_only=True),
        pytest.raises(StoreBusy),
        session(path, read_only=False, deadline=0.05, bulk=True),
    ):
        pass
