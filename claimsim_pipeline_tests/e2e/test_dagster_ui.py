"""What a person does in the Dagster UI works: a window, the schedule, a backfill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from selenium.webdriver.common.keys import Keys

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline_tests.e2e.browser import Browser, chromium

ROOT = Path(__file__).parents[2]
LOCATION = "locations/claimsim_pipeline"
FIRST = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0)
KEYS = [(FIRST + timedelta(minutes=30 * n)).strftime("%Y-%m-%d-%H:%M") for n in range(4)]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ui")
    seed_database(folder / "analytics.duckdb", rows=5_000)
    return folder


@pytest.fixture(scope="module")
def dagster(folder: Path) -> Iterator[str]:
    """``make dev``'s Dagster on a free port; gives its address."""
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    port = free_port()
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "-w", "workspace.yaml"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **environment(folder)},
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does; and what does not listen, its children included, by force."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(45)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(15)


def environment(folder: Path) -> dict[str, str]:
    return {
        "DAGSTER_HOME": str(folder / "dagster"),
        "DUCKDB_PATH": str(folder / "analytics.duckdb"),
        "SIM_HOME": str(folder / "instance"),
        "SIM_LOG_PATH": str(folder / "runs.jsonl"),
        "SIM_FORCE_LLM": "false",
        "SIM_TIMEZONE": "UTC",
        "SIM_PARTITIONS_START": FIRST.strftime("%Y-%m-%d"),
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": "",
    }


@pytest.fixture(scope="module")
def browser(folder: Path, dagster: str) -> Iterator[Browser]:
    with chromium(folder / "profile") as browser:
        browser.wait(lambda: answers(dagster), 120)
        yield browser


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def published(folder: Path, keys: list[str]) -> list[tuple[int, int]]:
    """Claims and runs of the windows, by the answer sheet; nothing yet while it is held."""
    starts = [datetime.strptime(key, "%Y-%m-%d-%H:%M").replace(tzinfo=UTC) for key in keys]
    query = (
        "SELECT count(*), count(DISTINCT run_id) FROM claims_live_truth "
        "WHERE list_contains(?, window_start) GROUP BY window_start"
    )
    try:
        with duckdb.connect(str(folder / "analytics.duckdb"), read_only=True) as database:
            return database.execute(query, [starts]).fetchall()
    except (duckdb.IOException, duckdb.CatalogException):
        return []


def launch(browser: Browser, address: str, partitions: str, counted: str) -> None:
    """Materialize partitions of the job through the launch dialog, once it has counted them."""
    browser.go(f"{address}/{LOCATION}/jobs/simulate_claims")
    browser.click("button", "Materialize all")
    browser.sees("Partition selection")
    browser.sees("Showing ")
    field = browser.all("input[type=text]")[-1]
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(partitions, Keys.TAB)
    browser.sees(f"Partition selection\n{counted}\n")
    browser.picture("launch")
    browser.click("[role=dialog] button, button", "Launch ")
    browser.wait(lambda: "Partition selection" not in browser.text())


def all_ended_well(browser: Browser, address: str) -> None:
    """Wait until the list of runs, which renews itself, shows that all have succeeded."""
    browser.visit(f"{address}/runs", "Manually launched")
    browser.wait(lambda: _succeeded(browser.text()), 150)


def _succeeded(told: str) -> bool:
    ended = told.count("\nSuccess\n") + told.count("\nCompleted\n")
    return "In progress (0)" in told and ended == told.count("Manually launched") > 0


def test_a_window_materialized_from_the_ui_succeeds_and_shows_what_it_did(
    browser: Browser, dagster: str, folder: Path
) -> None:
    launch(browser, dagster, KEYS[0], "1 partition")
    browser.wait(lambda: published(folder, KEYS[:1]), 240)
    assert published(folder, KEYS[:1])[0][0] > 20
    all_ended_well(browser, dagster)
    browser.picture("run")
    window = f"{dagster}/assets/claims_live_stream?view=partitions&partition={KEYS[0]}"
    browser.visit(window, "dagster/partition_row_count")
    browser.picture("window")
    browser.visit(f"{dagster}/assets/claims_live_stream?view=overview", "patient_key")
    browser.picture("asset")


def test_the_schedule_is_off_and_can_be_switched_on_and_off(browser: Browser, dagster: str) -> None:
    browser.go(f"{dagster}/{LOCATION}/schedules/simulate_claims_schedule")
    switch = "input[type=checkbox]"
    browser.wait(lambda: browser.all(switch))
    assert not browser.all(switch)[0].is_selected()
    browser.click(switch)
    browser.wait(lambda: browser.all(switch)[0].is_selected())
    browser.picture("schedule")
    browser.click(switch)
    browser.wait(lambda: not browser.all(switch)[0].is_selected())


def test_a_backfill_of_three_windows_is_one_run(
    browser: Browser, dagster: str, folder: Path
) -> None:
    launch(browser, dagster, f"[{KEYS[1]}...{KEYS[3]}]", "3 partitions")
    browser.wait(lambda: len(published(folder, KEYS[1:])) == 3, 240)
    assert all(claims > 20 and runs == 1 for claims, runs in published(folder, KEYS[1:]))
    all_ended_well(browser, dagster)
    browser.picture("backfill")
