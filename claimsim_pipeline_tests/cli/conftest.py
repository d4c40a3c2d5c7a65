"""Commands as people type them, on a small database with simulated claims."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from claimsim_pipeline.cli import main
from claimsim_pipeline_tests.insight.live_store import published

Claimsim = Callable[..., tuple[int, str, str]]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment of its own, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return {
        "DUCKDB_PATH": str(tmp_path / "analytics.duckdb"),
        "SIM_HOME": str(tmp_path / "home"),
        "SIM_LOG_PATH": str(tmp_path / "home" / "runs.jsonl"),
        "SIM_SCORES_PATH": str(tmp_path / "home" / "scores.parquet"),
        "SIM_FORCE_LLM": "false",
    }


@pytest.fixture
def database(environ: dict[str, str], tmp_path: Path) -> Path:
    """A database whose stream holds two claims."""
    return published(tmp_path).path


@pytest.fixture
def claimsim(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Claimsim:
    """Run a command: exit code, what it said, what it said on stderr."""

    def run(*arguments: str, **more: str) -> tuple[int, str, str]:
        code = main(list(arguments), {**environ, **more})
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
