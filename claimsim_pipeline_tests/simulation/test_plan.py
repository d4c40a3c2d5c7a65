"""A plan is a pure function of its key, the seed and the settings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.simulation import plan as planning
from claimsim_pipeline.simulation.plan import (
    Plan,
    RunSpec,
    due_offsets,
    join,
    plan_run,
    plan_window,
)
from claimsim_pipeline.simulation.windows import Window, current_window
from claimsim_pipeline_tests.examples import examples

NOW = datetime(2026, 11, 23, 7, 37, tzinfo=UTC)
WINDOW = current_window(NOW, ZoneInfo("Asia/Jakarta"))
NEXT = Window.starting(WINDOW.end, ZoneInfo("Asia/Jakarta"))

specs = st.builds(
    RunSpec,
    duration_seconds=st.floats(0.5, 4000),
    interval_seconds=st.floats(0.5, 100),
    max_claims=st.integers(1, 300),
    jitter=st.floats(0, 0.99),
    fraud_ratio=st.floats(0, 1),
    seed=st.none() | st.integers(0, 2**63),
)


def equal(left: Plan, right: Plan) -> bool:
    return left.frame.equals(right.frame) and np.array_equal(left.dice, right.dice)


@given(specs)
def test_duration_number_of_claims_and_the_windows_end_all_bind(spec: RunSpec) -> None:
    plan = plan_window(WINDOW, spec)
    due = plan.frame["due_at"]
    assert 1 <= len(plan) <= spec.max_claims
    assert due.iloc[0] == pd.Timestamp(WINDOW.start)
    assert due.iloc[-1] < pd.Timestamp(WINDOW.end)
    assert (due.iloc[-1] - due.iloc[0]).total_seconds() < spec.duration_seconds


@given(specs)
def test_gaps_stay_within_the_jitter(spec: RunSpec) -> None:
    gaps = np.diff(due_offsets(spec, "any"))
    assert np.all(gaps >= spec.interval_seconds * (1 - spec.jitter) - 1e-9)
    assert np.all(gaps <= spec.interval_seconds * (1 + spec.jitter) + 1e-9)


@examples(15)
@given(specs)
def test_a_window_is_the_same_alone_and_among_others(spec: RunSpec) -> None:
    alone = plan_window(NEXT, spec)
    both = join([plan_window(WINDOW, spec), alone])
    first = len(both) - len(alone)
    there = both.frame.iloc[first:].drop(columns=["slot", "window"]).reset_index(drop=True)
    assert there.equals(alone.frame.drop(columns=["slot", "window"]))
    assert np.array_equal(both.dice[first:], alone.dice)
    assert both.context_draws[1] == alone.context_draws[0]


def test_another_seed_is_another_window() -> None:
    assert equal(plan_window(WINDOW, RunSpec()), plan_window(WINDOW, RunSpec(seed=0)))
    assert not equal(plan_window(WINDOW, RunSpec(seed=1)), plan_window(WINDOW, RunSpec(seed=0)))


def test_a_changed_fraud_ratio_changes_neither_ids_nor_due_times() -> None:
    some, none = plan_window(WINDOW, RunSpec()), plan_window(WINDOW, RunSpec(fraud_ratio=0.0))
    same = ["claim_id", "due_at", "key"]
    assert some.frame[same].equals(none.frame[same])
    assert not none.frame["is_fraud"].any()


def test_a_given_seed_fixes_everything_but_ids_and_times() -> None:
    spec = RunSpec(seed=7)
    (one,) = plan_run("aaaaaaaaaaaa", NOW, spec)
    (other,) = plan_run("bbbbbbbbbbbb", NOW + timedelta(hours=3), spec)
    assert np.array_equal(one.dice, other.dice)
    assert one.frame["is_fraud"].equals(other.frame["is_fraud"])
    assert one.context_draws == other.context_draws
    assert not set(one.frame["claim_id"]) & set(other.frame["claim_id"])


def test_without_a_seed_two_runs_differ() -> None:
    (one,) = plan_run("aaaaaaaaaaaa", NOW, RunSpec())
    (other,) = plan_run("bbbbbbbbbbbb", NOW, RunSpec())
    assert not np.array_equal(one.dice[:5], other.dice[:5])


@given(st.text("ABCXYZ019", min_size=1, max_size=16))
def test_claim_ids_carry_the_prefix_and_twelve_hex_digits(prefix: str) -> None:
    ids = plan_window(WINDOW, replace(RunSpec(), prefix=prefix)).frame["claim_id"]
    assert ids.str.fullmatch(prefix + "-[0-9A-F]{12}").all()
    assert ids.is_unique


def test_a_long_run_is_planned_in_blocks_of_bounded_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(planning, "BLOCK", 100)
    spec = RunSpec(duration_seconds=1e9, interval_seconds=1.0, max_claims=250)
    blocks = list(plan_run("aaaaaaaaaaaa", NOW, spec))
    assert [len(block) for block in blocks] == [100, 100, 50]
    ids = pd.concat([block.frame["claim_id"] for block in blocks])
    due = pd.concat([block.frame["due_at"] for block in blocks])
    assert ids.is_unique
    assert due.is_monotonic_increasing
