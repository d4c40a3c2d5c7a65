"""Rules of the house that no linter knows."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.instance.config import PoolGranularity

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "claimsim_pipeline"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Who may open a database file: the store; the demo, the file that it makes;
# the benches, the plain loops and the readers they measure.
OPENERS = ("storage/", "demo/seed.py", "bench/")
DISTRIBUTION = {
    "pydantic_core": "pydantic",
    "sklearn": "scikit-learn",
    "upath": "universal-pathlib",
}


@cache
def sources() -> dict[str, list[ast.AST]]:
    """All nodes of every file of the package."""
    return {
        path.relative_to(PACKAGE).as_posix(): list(ast.walk(ast.parse(path.read_text())))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _opens_a_file(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "duckdb.connect":
        return False
    return bool(node.args) and ast.unparse(node.args[0]) != "':memory:'"


def test_only_the_storage_room_opens_database_files() -> None:
    found = {name for name, nodes in sources().items() if any(map(_opens_a_file, nodes))}
    assert {name for name in found if not name.startswith(OPENERS)} == set()
    assert "storage/sessions.py" in found


def test_every_imported_package_is_asked_for_by_name() -> None:
    imported = set()
    for nodes in sources().values():
        for node in nodes:
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    foreign = imported - sys.stdlib_module_names - {"claimsim_pipeline"}
    names = {DISTRIBUTION.get(name, name.replace("_", "-")) for name in foreign}
    asked = {re.match(r"[\w-]+", line)[0] for line in PROJECT["project"]["dependencies"]}
    assert names <= asked


@pytest.mark.parametrize(
    "lock", ["requirements.txt", "requirements-dev.txt", "requirements-uv.txt"]
)
def test_a_lock_pins_hashes_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash=", ""), re.MULTILINE)
    entries = re.findall(r"^[\w.\[\]-]+==\S+.*\\\n(    --hash=sha256:[0-9a-f]{64})", text, re.M)
    assert len(entries) == len(re.findall(r"^\w", text, re.MULTILINE))


def test_the_locks_hold_what_the_project_asks_for() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M))
    for line in PROJECT["project"]["dependencies"]:
        name, pin = re.match(r"([\w-]+)(?:==(.*))?", line).groups()
        assert name in pins
        assert pin in (None, pins[name])


def test_dependencies_stand_in_order() -> None:
    names = [re.match(r"[\w-]+", line)[0] for line in PROJECT["project"]["dependencies"]]
    assert names == sorted(names)


def test_every_room_says_what_belongs_in_it() -> None:
    rooms = [path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    assert len(rooms) >= 10
    for room in rooms:
        assert ast.get_docstring(ast.parse((room / "__init__.py").read_text())), room.name


def test_every_data_file_is_packed() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["claimsim_pipeline"]
    packed = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    data = {
        path
        for path in PACKAGE.rglob("*.*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".typed"}
    }
    assert data - packed == set()


def test_dagster_accepts_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds > 0
        pools = instance.get_concurrency_config().pool_config
        assert pools.default_pool_limit == 1
        assert pools.pool_granularity == PoolGranularity.RUN


def test_the_workspace_loads_the_code_location_of_the_project() -> None:
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    module = workspace["load_from"][0]["python_module"]["module_name"]
    assert module == PROJECT["tool"]["dagster"]["module_name"]
