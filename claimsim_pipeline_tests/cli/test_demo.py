"""The demo makes its own base where there is none, and leaves the rest of the database alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline_tests.cli.conftest import Claimsim
from claimsim_pipeline_tests.storage.claims import ask, make_base


@pytest.mark.slow
def test_a_database_without_claims_gets_them_beside_what_it_has(
    claimsim: Claimsim, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "analytics.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    code, said, _ = claimsim("demo", "--rows", "1000", SIM_MAX_CLAIMS="3")
    assert code == 0
    assert "Answer sheet" in said
    assert ask(path, "SELECT count(*) FROM claims_normalized") == [(1_000,)]
    assert ask(path, "FROM mine") == [(42,)]


@pytest.mark.slow
def test_claims_that_are_there_are_the_demo_s_base(claimsim: Claimsim, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    path = make_base(tmp_path / "home" / "analytics.duckdb", rows=50)
    code, said, _ = claimsim("demo", SIM_MAX_CLAIMS="3")
    assert code == 0
    assert "fictional claims" not in said
    assert ask(path, "SELECT count(*) FROM claims_normalized") == [(50,)]
