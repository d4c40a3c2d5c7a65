"""Groups of fraud claims, and honest series of visits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.generation import series
from claimsim_pipeline.generation.dice import DICE
from claimsim_pipeline.generation.typology import typology
from claimsim_pipeline.generation.units import Units, alone, with_fraud
from claimsim_pipeline_tests.examples import examples

MIX = [(typology().scenarios[n], s) for n, s in typology().profiles["realistic"].items()]


def grouped(windows: np.ndarray, fraud: np.ndarray, dice: np.ndarray) -> Units:
    return with_fraud(alone(len(windows)), np.flatnonzero(fraud), windows, dice, MIX)


@examples(40)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(0, 2**31), st.floats(0, 1))
def test_groups_are_whole_and_stay_in_their_window(
    counts: list[int], seed: int, ratio: float
) -> None:
    rng = np.random.default_rng(seed)
    windows = np.repeat(np.arange(len(counts)), counts)
    fraud = rng.random(len(windows)) < ratio
    units = grouped(windows, fraud, rng.random((len(windows), DICE)))
    assert (windows[units.head] == windows).all()
    assert (units.scenario >= 0).tolist() == fraud.tolist()
    for head in np.unique(units.head[fraud]):
        ours = np.flatnonzero((units.head == head) & fraud)
        scenario = MIX[units.scenario[head]][0]
        assert units.member[ours].tolist() == list(range(len(ours)))
        assert len(ours) in {n for n, _ in scenario.sizes}


def test_scenarios_have_their_share_of_claims() -> None:
    rng = np.random.default_rng(1)
    count = 200_000
    windows = np.zeros(count, dtype=np.int64)
    units = grouped(windows, np.ones(count, dtype=bool), rng.random((count, DICE)))
    shares = np.bincount(units.scenario, minlength=len(MIX)) / count
    assert shares == pytest.approx([share for _, share in MIX], abs=0.006)


def test_a_window_too_small_for_a_group_has_single_claims() -> None:
    rng = np.random.default_rng(2)
    windows = np.arange(5_000)
    units = grouped(windows, np.ones(5_000, dtype=bool), rng.random((5_000, DICE)))
    assert (units.head == windows).all()
    assert all(MIX[number][0].single for number in np.unique(units.scenario))


@examples(40)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 2**31))
def test_visits_of_a_series_are_paired_within_their_window(counts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    windows = np.repeat(np.arange(len(counts)), counts)
    chance = rng.choice([0.0, 0.9], len(windows))
    honest = np.flatnonzero(rng.random(len(windows)) < 0.8)
    found = series.find(honest, windows, chance, rng.random((len(windows), DICE)))
    assert (windows[found.firsts] == windows[found.seconds]).all()
    assert (found.seconds > found.firsts).all()
    taken = np.concatenate([found.firsts, found.seconds, found.given_up])
    assert len(np.unique(taken)) == len(taken)
    assert np.isin(taken, honest).all()
