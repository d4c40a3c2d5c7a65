"""The benches run from end to end on small tables; their figures at full size are for people."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_the_refresh_bench_measures_both_ways(tmp_path: Path) -> None:
    from claimsim_pipeline.bench.refresh import run

    figures = {figure.case: figure for figure in run(True, tmp_path)}
    assert figures["refresh: peak memory"].ok
    assert all(figure.value for figure in figures.values())


@pytest.mark.realism
@pytest.mark.timeout(600)
def test_the_realism_bench_holds_what_must_not_depend_on_size(tmp_path: Path) -> None:
    from claimsim_pipeline.bench.realism import run

    figures = {figure.case: figure for figure in run(True, tmp_path)}
    certain = [name for name in figures if "contradictions" in name or "identifiers" in name]
    assert len(certain) == 3
    assert all(figures[name].ok for name in certain)
