"""The watch reads when something has changed, and says what keeps it from reading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from claimsim_pipeline.insight.watch import Picture, Watch
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.insight.live_store import NOW, add, published
from claimsim_pipeline_tests.storage.claims import make_base, open_store


class Counting:
    """A store that counts how often it is read."""

    def __init__(self, store: ClaimStore) -> None:
        self._store = store
        self.path = store.path
        self.read = 0

    def counts(self) -> dict[str, int]:
        self.read += 1
        return self._store.counts()

    def newest(self, limit: int, *, since: datetime | None = None) -> pd.DataFrame:
        return self._store.newest(limit, since=since)


def watching(store: ClaimStore) -> tuple[Watch, Counting]:
    counting = Counting(store)
    return Watch(counting, lambda: NOW), counting


@pytest.fixture
def store(tmp_path: Path) -> ClaimStore:
    return published(tmp_path)


def test_a_first_look_shows_the_newest_claims(store: ClaimStore) -> None:
    picture = Watch(store, lambda: NOW).look(Picture())
    assert picture.total == 2
    assert picture.claims is not None
    assert sorted(picture.claims["claim_id"]) == ["SIM-1", "SIM-2"]
    assert picture.lag() == 1.0
    assert not picture.trouble


def test_an_unchanged_file_is_left_alone(store: ClaimStore) -> None:
    watch, counting = watching(store)
    picture = watch.look(Picture())
    for _ in range(20):
        assert watch.look(picture) is picture
    assert counting.read == 1


def test_a_publication_is_seen_at_the_next_look(store: ClaimStore) -> None:
    watch, counting = watching(store)
    before = watch.look(Picture())
    add(store, ["SIM-3"], NOW + timedelta(seconds=9))
    after = watch.look(before)
    assert counting.read == 2
    assert after.total == 3
    assert after.added(before)["claim_id"].tolist() == ["SIM-3"]


def test_pauses_grow_while_idle_and_shrink_when_claims_come(store: ClaimStore) -> None:
    watch, _ = watching(store)
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 8:
            add(store, ["SIM-9"], NOW + timedelta(minutes=1))
        return len(waited) == 10

    pictures = list(watch.pictures(wait))
    assert waited[:2] == [1.0, 1.5]
    assert max(waited) == 5.0
    assert waited[8] == 1.0
    assert [picture.total for picture in pictures] == [2] * 8 + [3, 3]


@pytest.mark.slow
def test_a_locked_database_is_said_to_be_and_the_last_picture_stays(
    store: ClaimStore, tmp_path: Path
) -> None:
    watch, _ = watching(store)
    picture = watch.look(Picture())
    with duckdb.connect(str(store.path)) as holder:
        holder.execute("CREATE TABLE other AS SELECT 1")
        for _ in range(3):
            picture = watch.look(picture)
            assert "locked" in picture.trouble
            assert picture.total == 2
    picture = watch.look(picture)
    assert not picture.trouble


def test_no_stream_table_is_no_error(tmp_path: Path) -> None:
    store = open_store(make_base(tmp_path / "analytics.duckdb", rows=20))
    picture = Watch(store, lambda: NOW).look(Picture())
    assert picture.total is None
    assert not picture.trouble


def test_an_empty_stream_is_no_error(tmp_path: Path) -> None:
    picture = Watch(published(tmp_path, ids=()), lambda: NOW).look(Picture())
    assert picture.total == 0
    assert picture.newest_at is None
    assert picture.per_minute(NOW) == picture.lag() == 0.0


def test_a_database_that_comes_later_is_found(tmp_path: Path) -> None:
    store = open_store(tmp_path / "analytics.duckdb")
    watch = Watch(store, lambda: NOW)
    picture = watch.look(Picture())
    assert "no database" in picture.trouble
    published(tmp_path)
    assert watch.look(picture).total == 2


def test_claims_that_came_in_too_great_a_number_are_counted(store: ClaimStore) -> None:
    watch = Watch(store, lambda: NOW, rows=3)
    before = watch.look(Picture())
    assert before.unlisted(Picture()) == 0
    add(store, [f"SIM-N{number}" for number in range(7)], NOW + timedelta(seconds=9))
    after = watch.look(before)
    assert len(after.added(before)) == 3
    assert after.unlisted(before) == 4
    assert after.unlisted(after) == 0


def pictured(published_at: list[datetime], total: int) -> Picture:
    newest = pd.Series(sorted(published_at, reverse=True), dtype="datetime64[us, UTC]")
    return Picture(pd.DataFrame({"published_at": newest}), total, "", NOW)


def test_the_rate_counts_the_last_five_minutes() -> None:
    picture = pictured([NOW - timedelta(minutes=minute) for minute in range(10)], 10)
    assert picture.per_minute(NOW) == pytest.approx(1.0)
    assert picture.per_minute(NOW + timedelta(hours=1)) == 0.0


def test_a_rate_beyond_what_is_read_is_that_of_what_is_read() -> None:
    picture = pictured([NOW - timedelta(seconds=second) for second in range(1, 11)], 5_000)
    assert picture.per_minute(NOW) == pytest.approx(60.0)


def test_watching_ends_when_somebody_wants_it_to(store: ClaimStore) -> None:
    answers: Iterator[bool] = iter([False, True])
    assert len(list(Watch(store, lambda: NOW).pictures(lambda _: next(answers)))) == 2
