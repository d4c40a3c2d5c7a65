"""A database that nobody lets go of: the run fails, the claims stay staged, a re-run has them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from claimsim_pipeline_tests.orchestration.conftest import Location, failure_of

WINDOW = "2026-11-22-08:00"
HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.parametrize("only_the_last_step", [True, False])
def test_claims_stay_staged_and_a_second_run_publishes_exactly_them(
    make_location: Callable[..., Location], only_the_last_step: bool
) -> None:
    location = make_location(SIM_STORE_DEADLINE_SECONDS="0.1")
    with _held(location.settings.duckdb_path):
        failed = location.run("simulate_claims", WINDOW)
        assert "stayed locked by process" in failure_of(failed)
    assert "claims_live_stream" not in location.tables()
    (staged,) = (location.settings.home / "staging" / "scored_claims").glob("*.parquet")
    wanted = sorted(pq.read_table(staged, columns=["claim_id"])["claim_id"].to_pylist())
    if only_the_last_step:
        again = location.definitions.resolve_job_def("simulate_claims").execute_in_process(
            instance=location.instance,
            partition_key=WINDOW,
            op_selection=["claims_live_stream"],
        )
    else:
        again = location.run("simulate_claims", WINDOW)
    assert again.success
    held = location.query("SELECT claim_id FROM claims_live_stream ORDER BY 1")
    assert [row[0] for row in held] == wanted
    told = location.query("SELECT claim_id FROM claims_live_truth ORDER BY 1")
    assert told == held
