from __future__ import annotations

from pathlib import Path

import pytest

from claimsim_pipeline.bench import llm


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_the_bench_of_the_engine_holds_what_must_not_depend_on_size(tmp_path: Path) -> None:
    missed = [figure.case for figure in llm.run(True, tmp_path) if figure.ok is False]
    assert missed == []


@pytest.mark.kill
@pytest.mark.timeout(300)
def test_a_killed_run_buys_nothing_twice(tmp_path: Path) -> None:
    missed = [figure.case for figure in llm._killed(True, tmp_path) if figure.ok is False]
    assert missed == []
