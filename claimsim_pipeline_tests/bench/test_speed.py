"""The benches of speed run, small, and measure every case of their table."""

from pathlib import Path

import pytest

from claimsim_pipeline.bench import speed


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_every_case_is_measured(tmp_path: Path) -> None:
    figures = speed.run(True, tmp_path)
    assert len(figures) == 24
    assert all(figure.value is not None and figure.value > 0 for figure in figures)
