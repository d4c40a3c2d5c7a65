"""Ten thousand claims by the command, whatever the base table: not one contradiction."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from claimsim_pipeline.claims.columns import REQUIRED
from claimsim_pipeline.claims.invariants import check
from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline_tests.cli.conftest import Claimsim

COUNT = 10_000
ALL = ("simulate", "--pace", "instant", "--duration", "1000000", "--max-claims", str(COUNT))


@pytest.fixture(params=["as the demo makes it", "with the required columns only"])
def base(request: pytest.FixtureRequest, environ: dict[str, str]) -> Path:
    path = Path(environ["DUCKDB_PATH"])
    seed_database(path, rows=20_000)
    if "required" in request.param:
        columns = ", ".join(REQUIRED)
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE TABLE few AS SELECT {columns} FROM claims_normalized")
            connection.execute("DROP TABLE claims_normalized")
            connection.execute("ALTER TABLE few RENAME TO claims_normalized")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["demo", "realistic"])
def test_ten_thousand_claims_break_no_invariant_and_join_the_base(
    base: Path, claimsim: Claimsim, profile: str
) -> None:
    code, out, err = claimsim(*ALL, "--fraud-profile", profile)
    assert code == 0, err
    assert f"Inserted {COUNT} claims" in out
    with duckdb.connect(str(base), read_only=True) as connection:
        connection.execute("SET TimeZone = 'Asia/Jakarta'")
        found = check(connection)
        assert found.violations.sum() == 0, found[found.violations > 0]
        assert (found.form == "strict").sum() >= 9
        assert _columns(connection, "claims_live_stream") == _columns(
            connection, "claims_normalized"
        )
        union = "SELECT * FROM claims_normalized UNION ALL SELECT * FROM claims_live_stream"
        rows = connection.execute(f"SELECT count(*) FROM ({union})").fetchall()
    assert rows == [(20_000 + COUNT,)]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    return [(name, kind) for name, kind, *_ in described]
