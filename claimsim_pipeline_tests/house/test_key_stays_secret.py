"""The API key and its parts are in nothing that a run writes or says."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline_tests.kills.runs import Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

KEY = "sk-proj-Zq7XvB2mNc9LtR4wYh6Kd1Fs8Gj3Pa5Ue0"
PARTS = [KEY[i : i + 8] for i in range(3, len(KEY) - 7)]
"""Every eight characters in a row; the prefix that all keys have does not count."""

PASSWORD = "hunter2hunter2"
"""In the address of the model's server."""

COMMANDS = {
    "simulate": ["claimsim_pipeline", "--verbose", "simulate", "--duration", "5"],
    "refused": ["claimsim_pipeline", "--verbose", "simulate", "--fraud-ratio", "7"],
    "dagster": ["dagster", "job", "execute", "-m", "claimsim_pipeline.definitions"],
}
WINDOW = ["-j", "simulate_claims", "--tags", '{"dagster/partition": "2026-11-20-08:00"}']


@pytest.fixture
def place(tmp_path: Path) -> Place:
    seed_database(tmp_path / "base.duckdb", rows=600)
    place = Place.made(tmp_path / "place", "dagster", tmp_path / "base.duckdb")
    place.environ |= {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"http://{PASSWORD}@127.0.0.1:{_refusing_port()}/v1?t={PASSWORD}",
        "SIM_FORCE_LLM": "true",
        "SIM_MAX_CLAIMS": "2",
    }
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_no_part_of_the_key_is_written_or_said(place: Place, command: str) -> None:
    more = WINDOW if command == "dagster" else []
    done = subprocess.run(
        [sys.executable, "-m", *COMMANDS[command], *more],
        cwd=place.folder,
        env=place.environ,
        capture_output=True,
        check=False,
        timeout=150,
    )
    said = done.stdout + done.stderr
    assert done.returncode in {1, 2}, said.decode()
    written = [path for path in place.folder.rglob("*") if path.is_file()]
    assert command == "refused" or len(written) > 3
    for name, content in (("output", said), *((str(p), p.read_bytes()) for p in written)):
        assert not [part for part in (*PARTS, PASSWORD) if part.encode() in content], name


def _refusing_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
