"""``claimsim doctor``: exit code, JSON, and no key anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimsim_pipeline.composition import run_log, run_spec
from claimsim_pipeline.settings import load_settings
from claimsim_pipeline.simulation.ad_hoc import AdHocRun
from claimsim_pipeline_tests.cli.conftest import Claimsim
from claimsim_pipeline_tests.insight.live_store import NOW

KEY = "sk-not-to-be-seen"


def test_a_house_in_order_ends_well(claimsim: Claimsim, database: Path) -> None:
    code, out, _ = claimsim("doctor")
    assert code == 0, out
    assert "2 simulated claims" in out
    assert out.rstrip().endswith("0 problems")


def test_a_problem_ends_with_one_and_a_remedy(claimsim: Claimsim) -> None:
    code, out, _ = claimsim("doctor")
    assert code == 1
    assert "problem  Database" in out
    assert "-> Set DUCKDB_PATH" in out


def test_json_is_all_there_is_on_stdout(claimsim: Claimsim, database: Path) -> None:
    code, out, _ = claimsim("doctor", "--json", SIM_FORCE_LLM="true")
    told = json.loads(out)
    assert code == 1
    assert told["state"] == "problem"
    assert {"check", "state", "text", "remedy"} == set(told["findings"][0])


def test_the_key_is_never_shown(claimsim: Claimsim, database: Path) -> None:
    for arguments in ([], ["--json"]):
        _, out, err = claimsim("doctor", *arguments, OPENAI_API_KEY=KEY)
        assert "not shown" in out
        assert KEY not in out + err


def test_a_bad_setting_is_a_finding_and_ends_the_looking(claimsim: Claimsim) -> None:
    code, out, _ = claimsim("doctor", SIM_FRAUD_RATIO="7", SIM_HOMES="x")
    assert code == 1
    assert "SIM_FRAUD_RATIO='7' is not allowed" in out
    assert "Did you mean SIM_HOME?" in out
    assert "Database" not in out


def test_a_run_that_was_killed_is_told_with_the_way_to_finish_it(
    claimsim: Claimsim, database: Path, environ: dict[str, str]
) -> None:
    assert "none was killed" in claimsim("doctor")[1]
    settings = load_settings(environ, dotenv=None)
    AdHocRun("0123456789ab", NOW, run_spec(settings), live=True).keep(settings.home)
    for run_id in ("0123456789ab", "5b1d-of-a-window"):
        run_log(settings).begin(run_id, {"run_id": run_id, "duckdb_path": str(database)})
    code, out, _ = claimsim("doctor")
    assert code == 0, out
    assert "0123456789ab was killed before it had finished." in out
    assert "-> Go on with it: claimsim simulate --resume 0123456789ab" in out
    assert "5b1d-of-a-window was killed" in out
    assert "-> Make its window again" in out


def test_a_server_of_ones_own_may_want_no_key(claimsim: Claimsim, database: Path) -> None:
    address = "http://someone:pass-9f3@127.0.0.1:9/v1"
    code, out, _ = claimsim("doctor", SIM_FORCE_LLM="true", OPENAI_BASE_URL=address)
    assert code == 0, out
    assert "none, and http://127.0.0.1:9/v1 may want none" in out
    assert "pass-9f3" not in out


@pytest.mark.slow
def test_a_dagster_home_tells_schedules_and_sensors(
    claimsim: Claimsim, database: Path, tmp_path: Path
) -> None:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    code, out, _ = claimsim("doctor", DAGSTER_HOME=str(tmp_path / "dagster"))
    assert code == 0, out
    assert "simulate_claims_schedule is off" in out
    assert "ml_scores_refresh_sensor is off" in out
    assert "warning  Daemon      does not run" in out


def test_a_dagster_home_that_is_none_is_a_warning(claimsim: Claimsim, database: Path) -> None:
    code, out, _ = claimsim("doctor", DAGSTER_HOME="/no/such/folder")
    assert code == 0
    assert "/no/such/folder, which is no folder" in out
