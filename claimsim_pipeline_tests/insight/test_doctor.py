"""The doctor tells what is wrong, what to do, and never the key."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from claimsim_pipeline.insight import doctor_machine as machine
from claimsim_pipeline.insight import doctor_model as model
from claimsim_pipeline.insight.doctor import Premises, State, as_json, ok, problem, warning, worst
from claimsim_pipeline.insight.doctor_database import database, size, storage_version
from claimsim_pipeline.storage.lease import Lease
from claimsim_pipeline_tests.insight.live_store import published
from claimsim_pipeline_tests.storage.claims import make_base, make_minimal, open_store

KEY = "sk-secret-of-the-house"


@pytest.fixture
def premises(tmp_path: Path) -> Premises:
    return Premises(
        database=tmp_path / "analytics.duckdb",
        folders={"SIM_HOME": tmp_path / "not" / "yet"},
        max_database_gb=5.0,
        has_key=False,
        force_llm=True,
        model="gpt-4o-mini",
        address=None,
    )


def texts(premises: Premises, **options: Any) -> dict[str, State]:
    store = open_store(premises.database, **{"deadline_seconds": 0.2, **options})
    return {finding.text: finding.state for finding in database(premises, store)}


def test_the_worst_finding_decides() -> None:
    assert worst([]) is State.OK
    assert worst([ok("a", ""), warning("b", "", "")]) is State.WARNING
    assert worst([problem("a", "", ""), ok("b", "")]) is State.PROBLEM


def test_json_holds_every_finding() -> None:
    plain = as_json([warning("Folders", "little", "free some")])
    assert json.loads(json.dumps(plain)) == {
        "state": "warning",
        "findings": [
            {"check": "Folders", "state": "warning", "text": "little", "remedy": "free some"}
        ],
    }


def test_an_old_python_is_a_problem() -> None:
    assert machine.python((3, 10, 4)).state is State.PROBLEM
    assert machine.python().state is State.OK
    assert machine.python().text == ".".join(map(str, sys.version_info[:3]))


def test_packages_are_held_against_the_pins() -> None:
    assert machine.packages().state is State.OK
    wrong = machine.packages(["duckdb==0.1", "no-such-thing>=1", "x; extra == 'dev'", "click>=8"])
    assert wrong.state is State.PROBLEM
    assert f"duckdb is {duckdb.__version__}, not 0.1" in wrong.text
    assert "no-such-thing is missing" in wrong.text
    assert "click" not in wrong.text


def test_a_misspelt_setting_is_told_with_the_right_one() -> None:
    environ = {"SIM_FRAUD_RATO": "1", "SIM_FRAUD_RATIO": "1", "SIMILAR": "x", "SIM_ZZZZZZZ": ""}
    found = list(machine.variables(environ, ["SIM_FRAUD_RATIO", "SIM_HOME"]))
    assert [finding.state for finding in found] == [State.WARNING] * 2
    assert found[0].remedy == "Did you mean SIM_FRAUD_RATIO?"
    assert "SIM_ZZZZZZZ" in found[1].text


def test_folders_that_can_be_made_are_well(premises: Premises) -> None:
    (found,) = machine.folders(premises)
    assert found.state is not State.PROBLEM
    assert "GB free" in found.text
    assert not premises.folders["SIM_HOME"].exists()


def test_a_file_where_a_folder_should_be_is_a_problem(premises: Premises, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    blocked = replace(premises, folders={"SIM_HOME": tmp_path / "home" / "logs"})
    (found,) = machine.folders(blocked)
    assert found.state is State.PROBLEM
    assert "SIM_HOME" in found.remedy


@pytest.mark.parametrize(
    ("free", "state"),
    [(5e7, State.PROBLEM), (5e8, State.WARNING), (5e9, State.OK)],
)
def test_little_space_is_told(tmp_path: Path, free: float, state: State) -> None:
    assert machine.space(tmp_path, int(free)).state is state


def test_no_database_is_a_problem_with_two_remedies(premises: Premises) -> None:
    (found,) = database(premises, open_store(premises.database))
    assert found.state is State.PROBLEM
    assert "DUCKDB_PATH" in found.remedy
    assert "claimsim demo" in found.remedy
    assert not premises.database.exists()


def test_a_good_database_is_well(premises: Premises, tmp_path: Path) -> None:
    published(tmp_path)
    found = texts(premises)
    assert State.PROBLEM not in found.values()
    assert found["claims_normalized: 50 rows, 53 columns"] is State.OK
    assert found["2 simulated claims"] is State.OK
    assert found["free: no simulation runs"] is State.OK
    assert found["claims_ml_scores covers 0 of 52 claims"] is State.WARNING


def test_optional_columns_that_are_missing_are_named(premises: Premises) -> None:
    make_minimal(premises.database)
    found = texts(premises)
    assert any("optional columns are not there" in text for text in found)
    assert State.PROBLEM not in found.values()


def test_a_missing_required_column_is_a_problem(premises: Premises) -> None:
    make_base(premises.database, columns=["claim_id", "los"])
    assert any(
        "lacks the required" in text and state is State.PROBLEM
        for text, state in texts(premises).items()
    )


def test_a_file_that_is_no_database_is_a_problem(premises: Premises) -> None:
    premises.database.write_text("claims, and no database")
    assert State.PROBLEM in texts(premises).values()
    assert storage_version(premises.database) is None


def test_a_locked_database_is_a_warning_that_names_the_holder(premises: Premises) -> None:
    make_base(premises.database)
    with duckdb.connect(str(premises.database)) as holder:
        holder.execute("CREATE TABLE other AS SELECT 1")
        found = texts(premises)
    assert any("locked" in t and state is State.WARNING for t, state in found.items())


def test_who_holds_the_lease_is_told(premises: Premises) -> None:
    make_base(premises.database)
    with Lease(premises.database, run_id="run-7"):
        assert any("run-7" in text for text in texts(premises))


def test_the_format_says_whether_dashboards_can_open_it(premises: Premises, tmp_path: Path) -> None:
    make_base(premises.database, rows=5)
    version = storage_version(premises.database)
    assert version is not None
    told = [text for text in texts(premises) if "format is number" in text]
    assert told
    assert str(version) in told[0]


def test_a_large_database_is_told_before_runs_are_refused(premises: Premises) -> None:
    make_base(premises.database)
    bytes_held = premises.database.stat().st_size
    assert size(premises.database, bytes_held / 0.9e9).state is State.WARNING
    assert size(premises.database, bytes_held / 2e9).state is State.PROBLEM
    assert size(premises.database, 5.0).state is State.OK


def test_a_key_is_needed_only_where_the_model_is_forced(premises: Premises) -> None:
    assert model.key(premises).state is State.PROBLEM
    assert model.key(replace(premises, force_llm=False)).state is State.OK
    assert model.key(replace(premises, has_key=True)).state is State.OK
    assert "not called" in model.not_called(premises).text


class Server(HTTPServer):
    """Answers every request with a status, and remembers what was asked."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.asked.append(json.loads(self.rfile.read(length)))
        body = {"id": "r", "object": "response", "output": [], "model": "m"}
        text = json.dumps(body if self.server.status == 200 else {"error": {"message": KEY}})
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500])
def test_one_tiny_call_tells_whether_the_model_answers(premises: Premises, status: int) -> None:
    with Server(status) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/v1"
        found = model.call(replace(premises, address=address), SecretStr(KEY))
        server.shutdown()
        thread.join()
    assert found.state is (State.OK if status == 200 else State.PROBLEM)
    assert KEY not in found.text + found.remedy
    assert len(server.asked) == 1
    assert server.asked[0]["max_output_tokens"] == 16


def test_a_model_that_cannot_be_reached_is_a_problem(premises: Premises) -> None:
    with Server(200) as server:
        address = f"http://127.0.0.1:{server.server_port}/v1"
    found = model.call(replace(premises, address=address), None)
    assert found.state is State.PROBLEM
    assert "OPENAI_BASE_URL" in found.remedy
