"""Each claim appears when it is due; none waits for another."""

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from claimsim_pipeline.errors import Interrupted, LLMUnavailable
from claimsim_pipeline.simulation.clock import Doorbell, StopRequest
from claimsim_pipeline.simulation.pace import publish_when_due

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


class SimulatedClock:
    """Time passes only when somebody waits for it."""

    def __init__(self) -> None:
        self.time = START
        self.waits: list[datetime | None] = []

    def now(self) -> datetime:
        return self.time

    def wait(self, doorbell: Doorbell, until: datetime | None) -> None:
        self.waits.append(until)
        if until is None:
            doorbell.wait(None)
        else:
            self.time = max(self.time, until)


def claims(*seconds: float) -> pd.DataFrame:
    due = [pd.Timestamp(START) + pd.Timedelta(seconds=s) for s in seconds]
    frame = pd.DataFrame({"claim_id": [f"SIM-{s:g}" for s in seconds], "due_at": due})
    return frame.astype({"due_at": "datetime64[us, UTC]"})


class Stream:
    """What was published, and when."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.rows: list[tuple[str, float]] = []
        self.transactions = 0

    def publish(self, batch: pd.DataFrame) -> None:
        self.transactions += 1
        at = (self.clock.now() - START).total_seconds()
        self.rows += [(claim_id, at) for claim_id in batch["claim_id"]]


def run(frames: Iterator[pd.DataFrame], clock: SimulatedClock) -> Stream:
    stream = Stream(clock)
    publish_when_due(frames, stream.publish, clock, StopRequest())
    return stream


def test_claims_appear_when_they_are_due_one_transaction_each() -> None:
    stream = run(iter([claims(0, 10, 25)]), SimulatedClock())
    assert stream.rows == [("SIM-0", 0.0), ("SIM-10", 10.0), ("SIM-25", 25.0)]
    assert stream.transactions == 3


def test_the_claims_of_a_unit_appear_together() -> None:
    stream = run(iter([claims(0, 10, 10)]), SimulatedClock())
    assert stream.transactions == 2


def test_overdue_claims_appear_at_once_in_the_order_they_were_due() -> None:
    clock = SimulatedClock()
    clock.time = START + timedelta(seconds=60)
    stream = run(iter([claims(50, 0, 70)]), clock)
    assert stream.rows == [("SIM-0", 60.0), ("SIM-50", 60.0), ("SIM-70", 70.0)]


def test_a_claim_that_comes_late_delays_no_other() -> None:
    clock = SimulatedClock()
    stream = Stream(clock)
    released = threading.Event()

    def frames() -> Iterator[pd.DataFrame]:
        yield claims(10)
        yield claims(20)
        released.wait(10)
        yield claims(0)

    def publish(batch: pd.DataFrame) -> None:
        stream.publish(batch)
        if len(stream.rows) == 2:
            clock.time += timedelta(seconds=5)
            released.set()

    publish_when_due(frames(), publish, clock, StopRequest())
    assert [claim_id for claim_id, _ in stream.rows] == ["SIM-10", "SIM-20", "SIM-0"]


def test_what_came_before_an_error_is_published_before_the_error_is_raised() -> None:
    clock = SimulatedClock()
    stream = Stream(clock)

    def frames() -> Iterator[pd.DataFrame]:
        yield claims(0, 30)
        raise LLMUnavailable("SIM_FORCE_LLM=true: no model")

    with pytest.raises(LLMUnavailable, match="no model"):
        publish_when_due(frames(), stream.publish, clock, StopRequest())
    assert stream.rows == [("SIM-0", 0.0), ("SIM-30", 30.0)]


def test_a_stop_request_ends_the_run_after_the_claim_in_flight() -> None:
    clock = SimulatedClock()
    stream = Stream(clock)
    stop = StopRequest()

    def publish(batch: pd.DataFrame) -> None:
        stop.send(signal.SIGTERM)
        stream.publish(batch)

    with pytest.raises(Interrupted) as stopped:
        publish_when_due(iter([claims(0, 10, 20)]), publish, clock, stop)
    assert stopped.value.exit_code == 143
    assert stream.rows == [("SIM-0", 0.0)]
