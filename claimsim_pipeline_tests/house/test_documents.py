"""The documents name what there is, and what they tell people to type works."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from claimsim_pipeline.claims.columns import REQUIRED
from claimsim_pipeline.cli import _COMMANDS, cli
from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.orchestration.names import POOL
from claimsim_pipeline.settings import environment_names
from claimsim_pipeline_tests.graphql_requests import complaints

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def typed(text: str) -> list[str]:
    """The lines after a prompt in a document's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line[2:] for line in lines if line.startswith("$ ")]


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    for name in _COMMANDS:
        assert f"`claimsim {name}`" in README, name


def test_every_setting_is_documented() -> None:
    example = (ROOT / ".env.example").read_text()
    for names in environment_names().values():
        for name in names:
            assert re.search(rf"^{name}=", example, flags=re.MULTILINE), name


@pytest.mark.parametrize("name", ["operations.md", "operations.id.md"])
def test_every_required_column_is_in_the_guide(name: str) -> None:
    guide = (ROOT / "docs" / name).read_text()
    assert [column for column in REQUIRED if f"`{column}`" not in guide] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", guide.read_text()):
        if not target.startswith("http"):
            assert (guide.parent / target).exists(), f"{guide.name} -> {target}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_commands_and_options_that_a_guide_tells_to_type_exist(guide: Path) -> None:
    for line in typed(guide.read_text()):
        words = shlex.split(line)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        elif words[0] == "claimsim":
            context = cli.make_context("claimsim", words[1:], obj=Door({}))
            name, command, rest = cli.resolve_command(context, words[1:])
            known = {option for p in command.params for option in p.opts}
            assert name in _COMMANDS
            assert {word for word in rest if word.startswith("--")} <= known
        else:
            assert words[0] == "dagster", line


OPERATIONS = [ROOT / "docs" / name for name in ("operations.md", "operations.id.md")]


@pytest.mark.parametrize("guide", OPERATIONS, ids=lambda path: path.name)
def test_dagster_takes_the_requests_that_a_guide_tells_backends_to_send(guide: Path) -> None:
    bodies = re.findall(r"-d '(\{.*?\})'\n```", guide.read_text(), flags=re.DOTALL)
    assert len(bodies) == 2
    for body in map(json.loads, bodies):
        assert complaints(body["query"], body["variables"]) == []


def test_both_operations_guides_tell_the_same_commands_in_the_same_chapters() -> None:
    english, indonesian = (guide.read_text() for guide in OPERATIONS)
    assert typed(english) == typed(indonesian)
    for kept in (r"^(#+) ", r"`(SIM_[A-Z_]+)", r"`(claimsim [a-z-]+)", r"^```(\w+)$"):
        found = [re.findall(kept, text, flags=re.MULTILINE) for text in (english, indonesian)]
        assert found[0] == found[1] if kept.startswith("^") else set(found[0]) == set(found[1])


@pytest.mark.parametrize("guide", OPERATIONS, ids=lambda path: path.name)
def test_a_guide_names_the_pool_of_the_queue_as_the_code_does(guide: Path) -> None:
    command = f"dagster instance concurrency set {POOL} 1"
    assert command in guide.read_text()
    assert f"$(BIN)/{command}" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_links_to_chapters_lead_to_chapters(guide: Path) -> None:
    for target, chapter in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", guide.read_text()):
        text = (guide.parent / target).read_text() if target else guide.read_text()
        headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        assert chapter in [_anchor(heading) for heading in headings], f"{guide.name}: {chapter}"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.slow
@pytest.mark.parametrize("line", [t for t in typed(README) if not t.startswith("make ")])
def test_what_the_readme_tells_to_type_runs(line: str, tmp_path: Path) -> None:
    seed_database(tmp_path / "analytics.duckdb", rows=2_000)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    recent = re.sub(r"\d{4}-\d\d-\d\d-\d\d:\d\d", yesterday.strftime("%Y-%m-%d-10:00"), line)
    words = shlex.split(recent)
    words[0] = str(Path(sys.executable).parent / words[0])
    done = subprocess.run(
        words,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            **{k: v for k, v in os.environ.items() if k not in {"DAGSTER_HOME"}},
            "DUCKDB_PATH": str(tmp_path / "analytics.duckdb"),
            "SIM_FORCE_LLM": "false",
            "SIM_DURATION_SECONDS": "3",
            "SIM_INTERVAL_SECONDS": "1",
            "OPENAI_API_KEY": "",
            "OPENAI_BASE_URL": "",
        },
    )
    assert done.returncode == 0, done.stderr[-2_000:]
