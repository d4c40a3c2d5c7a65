"""A request to stop is heard between claims, and at once where nothing can be lost."""

from __future__ import annotations

import signal
from contextlib import suppress

import pytest

from claimsim_pipeline.errors import Interrupted, StoreBusy
from claimsim_pipeline.simulation.clock import StopRequest


def test_a_request_waits_for_the_next_check() -> None:
    stop = StopRequest()
    stop.send(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught:
        stop.check("between two claims")
    assert caught.value.exit_code == 143


def test_where_nothing_can_be_lost_it_ends_the_block() -> None:
    stop, reached = StopRequest(), []
    with (
        pytest.raises(Interrupted, match="before the first claim"),
        stop.at_once("before the first claim"),
    ):
        reached.append("in")
        stop.send()
        reached.append("after the request")
    assert reached == ["in"]


def test_a_request_that_was_swallowed_counts_at_the_end_of_the_block() -> None:
    stop = StopRequest()
    with pytest.raises(Interrupted), stop.at_once("first"), suppress(Interrupted):
        stop.send()


def test_without_a_request_the_block_runs_through() -> None:
    with StopRequest().at_once("never"):
        pass


def test_whoever_asked_to_stop_while_the_database_was_held_was_not_refused() -> None:
    stop = StopRequest()
    with pytest.raises(StoreBusy), stop.before_failure():
        raise StoreBusy("held by process 7")
    stop.send(signal.SIGTERM)
    with pytest.raises(Interrupted, match="held by process 7") as caught, stop.before_failure():
        raise StoreBusy("held by process 7")
    assert caught.value.exit_code == 143
