"""Options that no command can do anything with are refused before anything begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimsim_pipeline_tests.cli.conftest import Claimsim

WAITING = ["simulate", "prune", "batch collect"]


@pytest.mark.parametrize("command", WAITING)
@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_a_wait_that_is_no_time_is_refused(
    command: str, seconds: str, claimsim: Claimsim, tmp_path: Path
) -> None:
    code, _, said = claimsim(*command.split(), "--wait", seconds)
    assert code == 2
    assert "--wait" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", ["-1", "1.5", "x"])
def test_a_seed_is_a_whole_number_that_is_not_negative(
    seed: str, claimsim: Claimsim, tmp_path: Path
) -> None:
    code, _, said = claimsim("simulate", "--seed", seed)
    assert code == 2
    assert "--seed" in said
    assert not list(tmp_path.iterdir())
