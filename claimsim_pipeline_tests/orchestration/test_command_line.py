"""The runs of Dagster's own command line, as cron and people start them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Dagster = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def dagster(seeded: Path, tmp_path: Path) -> Dagster:
    (tmp_path / "analytics.duckdb").write_bytes(seeded.read_bytes())
    (tmp_path / "dagster_home").mkdir()
    (tmp_path / "dagster_home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("SIM_", "OPEN"))},
        "DAGSTER_HOME": str(tmp_path / "dagster_home"),
        "DUCKDB_PATH": str(tmp_path / "analytics.duckdb"),
        "SIM_FORCE_LLM": "false",
    }

    def start(job: str, tags: dict[str, str] | None = None, **extra: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "dagster", "job", "execute", "-j", job]
        command += ["-m", "claimsim_pipeline.definitions"]
        if tags:
            command += ["--tags", json.dumps(tags)]
        if extra:
            (tmp_path / "config.json").write_text(json.dumps(extra))
            command += ["-c", str(tmp_path / "config.json")]
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    return start


def _claims(folder: Path) -> int:
    with duckdb.connect(str(folder / "analytics.duckdb"), read_only=True) as connection:
        return int(connection.execute("SELECT count(*) FROM claims_live_stream").fetchall()[0][0])


def _said(process: subprocess.Popen[str]) -> tuple[int, str]:
    text, _ = process.communicate(timeout=120)
    return process.returncode, text


def test_a_window(dagster: Dagster, tmp_path: Path) -> None:
    code, text = _said(dagster("simulate_claims", {"dagster/partition": "2026-11-20-08:00"}))
    assert code == 0, text
    assert _claims(tmp_path) > 0


def test_a_key_off_the_grid_is_an_error_and_not_rounded(dagster: Dagster) -> None:
    code, text = _said(dagster("simulate_claims", {"dagster/partition": "2026-11-20-08:10"}))
    assert code == 1
    assert "The nearest one before it is '2026-11-20-08:00'" in text


def test_no_key_prints_both_commands(dagster: Dagster) -> None:
    code, text = _said(dagster("simulate_claims"))
    assert code == 1
    assert "-j simulate_claims --tags" in text
    assert "-j inject_claims" in text


def test_claims_from_now(dagster: Dagster, tmp_path: Path) -> None:
    config = {"duration_seconds": 2, "interval_seconds": 0.5, "jitter": 0.0}
    code, text = _said(dagster("inject_claims", ops={"inject": {"config": config}}))
    assert code == 0, text
    assert _claims(tmp_path) == 4


def test_a_terminated_run_keeps_its_claims_and_says_interrupted(
    dagster: Dagster, tmp_path: Path
) -> None:
    now = datetime.now(ZoneInfo("Asia/Jakarta"))
    key = now.replace(minute=now.minute // 30 * 30).strftime("%Y-%m-%d-%H:%M")
    config = {"interval_seconds": 1, "duration_seconds": 1800, "max_claims": 5000}
    process = dagster(
        "simulate_claims", {"dagster/partition": key}, ops={"sampled_context": {"config": config}}
    )
    log = tmp_path / "instance" / "logs" / "simulation_runs.jsonl"
    assert process.stdout is not None
    for line in process.stdout:
        if "claims_live_stream - STEP_INPUT" in line:
            break
    try:
        process.wait(timeout=4)  # long enough for what is overdue, and a few more
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
    code, text = _said(process)
    assert code != 0, text
    line = json.loads(log.read_text())
    assert line["status"] == "interrupted"
    assert line["inserted_claims"] == _claims(tmp_path) > 0


def test_a_bad_setting_is_a_sentence(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("SIM_FRAUD_RATIO=7\n")
    code, text = _said(dagster("simulate_claims"))
    assert code == 2
    assert "SIM_FRAUD_RATIO='7' is not allowed" in text
    assert "Traceback" not in text
