"""The store against a model, through random sequences of what happens to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from claimsim_pipeline.claims.columns import REQUIRED
from claimsim_pipeline.errors import StoreBusy
from claimsim_pipeline.storage import pruning, publishing
from claimsim_pipeline_tests.storage.claims import NOW, WINDOW, ask, batch, make_base, open_store

WINDOWS = st.integers(0, 2)
LATER = NOW + timedelta(days=1)  # all is due
AMOUNTS = st.lists(st.sampled_from([100_000.0, 200_000.0]), max_size=4)


class _Crash(BaseException):
    """Stands for a process that dies within a transaction."""


class StoreMachine(RuleBasedStateMachine):
    """What the stream must hold: id -> (window, amount)."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        columns = (*REQUIRED, "generated_at", "patient_key")
        path = make_base(self.folder / "a.duckdb", 20, columns=columns, prepared=True)
        self.snapshot = self.folder / "feed.parquet"
        self.store = open_store(path, feed_snapshot=self.snapshot)
        self.model: dict[str, tuple[int, float]] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(window=WINDOWS, amounts=AMOUNTS, live=st.booleans())
    def materialize(self, window: int, amounts: list[float], live: bool) -> None:
        """A window is replaced by a new batch, claim by claim or in one transaction."""
        frame = _window(window, amounts)
        if live:
            self.store.retain_window([_start(window)], frame)
            self.store.publish(frame, published_at=NOW)
        else:
            self.store.replace_windows([_start(window)], frame, published_at=LATER)
        self._forget(lambda w: w == window)
        self.model.update(_expected(window, amounts))
        self._look_at_the_snapshot()

    @rule(window=WINDOWS, amounts=AMOUNTS)
    def publish_more(self, window: int, amounts: list[float]) -> None:
        """Claims that are there already stay as they are."""
        self.store.publish(_window(window, amounts), published_at=NOW)
        self.model = {**_expected(window, amounts), **self.model}
        self._look_at_the_snapshot()

    @rule(window=WINDOWS, amounts=AMOUNTS)
    def crash_while_publishing(self, window: int, amounts: list[float]) -> None:
        """A process that dies between stream and truth leaves nothing of its transaction."""
        with _dying(publishing, "TRUTH", _Bomb()):
            self.store.publish(_window(window, amounts), published_at=NOW)

    @rule(window=WINDOWS, amounts=AMOUNTS)
    def crash_while_replacing(self, window: int, amounts: list[float]) -> None:
        """One that dies when the old claims are out and the new ones not yet in, too."""
        with _dying(publishing, "already_there", _die):
            frame = _window(window, amounts)
            self.store.replace_windows([_start(window)], frame, published_at=LATER)
            self._forget(lambda w: w == window)  # it came through: nothing had to be inserted
            self.model.update(_expected(window, amounts))

    @rule(age=st.integers(0, 3))
    def crash_while_pruning(self, age: int) -> None:
        """One that dies between stream and truth brings the stream's rows back."""
        with _dying(pruning, "_SIDECARS", _Bomb()):
            self.store.prune(_start(age))

    @rule()
    def compact(self) -> None:
        """Another file, and the same in it."""
        self.store.compact()

    @rule(age=st.integers(0, 3))
    def prune(self, age: int) -> None:
        """Windows before a moment go."""
        self.store.prune(_start(age))
        self._forget(lambda window: window < age)

    @rule(window=WINDOWS)
    def delete_a_claim_by_hand(self, window: int) -> None:
        """Somebody deletes a stream row; the next pruning takes its scores and truth away."""
        claim_id = f"W{window}-0"
        with duckdb.connect(str(self.store.path)) as connection:
            connection.execute("DELETE FROM claims_live_stream WHERE claim_id = ?", [claim_id])
        self.store.prune(_start(-1))
        self.model.pop(claim_id, None)

    @rule()
    def refresh_the_scores(self) -> None:
        """The cache of ML scores covers the feed; nothing else changes."""
        feed = pd.concat(self.store.feed_for_scoring(["claim_id"]))
        path = self.folder / "scores.parquet"
        feed.assign(ml_score=0.1, ml_score_normalized=0.2, model_version="v").to_parquet(path)
        assert self.store.replace_ml_scores(path) == 20 + len(self.model)

    @rule(window=WINDOWS, amounts=AMOUNTS)
    def publish_while_somebody_reads(self, window: int, amounts: list[float]) -> None:
        """A reader that never lets go: nothing is written, and the next attempt writes it all."""
        frame = _window(window, amounts)
        impatient = open_store(self.store.path, deadline_seconds=0.02)
        with duckdb.connect(str(self.store.path), read_only=True), pytest.raises(StoreBusy):
            impatient.publish(frame, published_at=NOW)
            raise StoreBusy("there was nothing to publish")
        self.publish_more(window, amounts)

    @rule()
    def the_base_gains_a_column(self) -> None:
        """The stream follows without losing rows."""
        name = f"c{len(self.store.base().columns)}"
        with duckdb.connect(str(self.store.path)) as connection:
            connection.execute(f"ALTER TABLE claims_normalized ADD COLUMN {name} INTEGER")
        self.store.prepare()

    @invariant()
    def three_tables_hold_exactly_the_model(self) -> None:
        """Stream, scores and truth agree with each other and with the model."""
        held = ask(
            self.store.path,
            "SELECT s.claim_id, t.window_start = s.window, amount_claimed FROM "
            "(SELECT *, date_trunc('hour', generated_at) AS window FROM claims_live_stream) AS s "
            "FULL JOIN claims_live_scores AS c USING (claim_id) "
            "FULL JOIN claims_live_truth AS t USING (claim_id)",
        )
        expected = [(claim_id, True, amount) for claim_id, (_, amount) in self.model.items()]
        assert sorted(held, key=str) == sorted(expected, key=str)

    def _look_at_the_snapshot(self) -> None:
        """The file for readers that want no lock is that of the last publication."""
        assert sorted(pd.read_parquet(self.snapshot)["claim_id"]) == sorted(self.model)

    def _forget(self, gone) -> None:  # type: ignore[no-untyped-def]  # a predicate of windows
        self.model = {k: v for k, v in self.model.items() if not gone(v[0])}


@contextmanager
def _dying(module: ModuleType, name: str, bomb: object) -> Iterator[None]:
    """A process that dies when it comes to a module's name."""
    original = getattr(module, name)
    setattr(module, name, bomb)
    try:
        yield
    except _Crash:
        return
    finally:
        setattr(module, name, original)


def _die(*_: object) -> None:
    raise _Crash


class _Bomb(tuple[str, ...]):
    __slots__ = ()

    def __iter__(self):  # type: ignore[no-untyped-def]  # never returns
        raise _Crash


def _start(window: int):  # type: ignore[no-untyped-def]  # datetime
    return WINDOW + timedelta(hours=window)


def _window(window: int, amounts: list[float]):  # type: ignore[no-untyped-def]  # DataFrame
    ids = [f"W{window}-{i}" for i in range(len(amounts))]
    start = _start(window)
    return batch(ids, window=start, first_due=start).assign(amount_claimed=amounts)


def _expected(window: int, amounts: list[float]) -> dict[str, tuple[int, float]]:
    return {f"W{window}-{i}": (window, amount) for i, amount in enumerate(amounts)}


TestStoreMachine = pytest.mark.timeout(300)(pytest.mark.slow(StoreMachine.TestCase))
TestStoreMachine.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
