"""``claimsim report`` from the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimsim_pipeline_tests.cli.conftest import Claimsim


def test_it_says_where_the_page_is(claimsim: Claimsim, database: Path, tmp_path: Path) -> None:
    code, out, _ = claimsim("report")
    page = tmp_path / "home" / "reports" / "high_risk.html"
    assert code == 0
    assert out.startswith(f"Wrote {page} (")
    assert '<html lang="id">' in page.read_text(encoding="utf-8")


def test_flags_reach_the_page(claimsim: Claimsim, database: Path, tmp_path: Path) -> None:
    code, _, _ = claimsim("report", "--with-truth", "--scorecard", "--lang", "en", "--limit", "1")
    page = (tmp_path / "home" / "reports" / "high_risk.html").read_text(encoding="utf-8")
    assert code == 0
    assert "2 planted, 2 caught" in page
    assert '"length":1' in page
    assert '"values":["cloning"]' in page


def test_no_database_is_an_error_with_a_remedy(claimsim: Claimsim) -> None:
    code, out, err = claimsim("report")
    assert (code, out) == (1, "")
    assert "claimsim demo" in err


def test_a_folder_that_cannot_be_written_is_an_error(
    claimsim: Claimsim, database: Path, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "reports").write_text("")
    code, _, err = claimsim("report")
    assert code == 1
    assert "high_risk.html" in err


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--lang", "fr"]])
def test_nonsense_is_a_usage_error(claimsim: Claimsim, arguments: list[str]) -> None:
    assert claimsim("report", *arguments)[0] == 2
