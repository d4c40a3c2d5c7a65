"""A simulation that cannot have the database fails clearly, and is gone on with later."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.cli import main
from claimsim_pipeline.demo.seed import seed_database

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    seed_database(tmp_path / "a.duckdb", rows=600)
    return {
        "DUCKDB_PATH": str(tmp_path / "a.duckdb"),
        "SIM_FORCE_LLM": "false",
        "SIM_STORE_DEADLINE_SECONDS": "0.1",
    }


@pytest.mark.slow
def test_a_busy_database_fails_the_run_and_resuming_it_publishes_exactly_its_claims(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    simulate = ["simulate", "--pace", "instant", "--max-claims", "7"]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, environ["DUCKDB_PATH"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert main(simulate, environ) == 1
        said = capsys.readouterr().err
        assert f"stayed locked by process {holder.pid}" in said
        holder.stdin.close()
    found = re.search(r"claimsim simulate --resume ([0-9a-f]{12})", said)
    assert found, said
    for _ in range(2):
        assert main(["simulate", "--resume", found[1]], environ) == 0
    with duckdb.connect(environ["DUCKDB_PATH"], read_only=True) as connection:
        counts = "SELECT count(*), count(DISTINCT claim_id), min(run_id) FROM claims_live_truth"
        assert connection.execute(counts).fetchall() == [(7, 7, found[1])]


@pytest.mark.parametrize(
    "environment", [{"SIM_MAX_DB_GB": "0.000001"}, {"SIM_STORE_DEADLINE_SECONDS": "5"}]
)
@pytest.mark.slow
def test_a_database_over_the_limit_refuses_runs_and_says_how_to_prune(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], environment: dict[str, str]
) -> None:
    code = main(["simulate", "--pace", "instant", "--max-claims", "2"], environ | environment)
    if "SIM_MAX_DB_GB" in environment:
        assert code == 1
        assert "claimsim prune --compact" in capsys.readouterr().err
    else:
        assert code == 0


@pytest.mark.slow
def test_a_simulation_that_is_stopped_before_a_held_database_was_interrupted(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = [sys.executable, "-c", HOLD, environ["DUCKDB_PATH"]]
    main(["simulate", "--pace", "instant", "--max-claims", "2"], environ)  # the model is trained
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        run = [sys.executable, "-m", "claimsim_pipeline", "simulate"]
        told = {**os.environ, **environ, "SIM_STORE_DEADLINE_SECONDS": "3"}
        started = subprocess.Popen(run, env=told, stdout=subprocess.PIPE, text=True)
        while not (kept := sorted((tmp_path / "instance" / "running").glob("*.json"))):
            assert started.poll() is None
        started.send_signal(signal.SIGTERM)
        said, _ = started.communicate(timeout=30)
        holder.communicate(b"\n")
    assert kept
    assert started.returncode == 143, said
    assert said.splitlines()[-1].startswith("Simulation interrupted. Inserted 0 claims in ")
    last = (tmp_path / "instance" / "logs" / "simulation_runs.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["status"] == "interrupted"
    capsys.readouterr()
