"""The page is one file that loads nothing, shows no markup of its data, and keeps the answers."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.errors import FolderNotWritable
from claimsim_pipeline.insight.printable import printable
from claimsim_pipeline.insight.report import Showing, report_path, write_report
from claimsim_pipeline.insight.report_page import _json
from claimsim_pipeline.insight.report_rows import page_rows
from claimsim_pipeline.insight.report_texts import LANGUAGES, Texts
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.insight.live_store import HOSTILE, NOW, add, published
from claimsim_pipeline_tests.storage.claims import make_base, make_minimal, open_store

LATER = NOW + timedelta(hours=1)


def written(store: ClaimStore, folder: Path, **showing: Any) -> str:
    path = write_report(
        store, folder, now=LATER, timezone="Asia/Jakarta", showing=Showing(**showing)
    )
    return path.read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


class Elements(html.parser.HTMLParser):
    """Every element of a page, as a browser would see it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClaimStore:
    folder = tmp_path_factory.mktemp("report")
    made = published(folder, ["SIM-A", "SIM-B"], facility_name=HOSTILE, narrative=HOSTILE)
    add(made, ["SIM-C"], risk_score=0.1, rule_score=0.0, is_fraud=False, fraud_scenario=None)
    return made


@pytest.fixture(scope="module")
def page(store: ClaimStore, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(store, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def full(store: ClaimStore, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page with all that may be asked for, in English."""
    folder = tmp_path_factory.mktemp("full")
    return written(store, folder, truth=True, scorecard=True, language="en")


def test_it_lies_where_people_look_for_it(store: ClaimStore, tmp_path: Path) -> None:
    path = write_report(store, tmp_path, now=LATER, timezone="Asia/Jakarta")
    assert path == report_path(tmp_path) == tmp_path / "reports" / "high_risk.html"
    assert sorted(p.name for p in path.parent.iterdir()) == ["high_risk.html"]


def test_it_loads_nothing(page: str) -> None:
    loading = {"src", "action", "data", "poster", "srcset", "ping", "style"}
    for tag, attributes in Elements(page).seen:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not loading & attributes.keys(), (tag, attributes)
        for name, value in attributes.items():
            if name.endswith("href"):
                assert (value or "").startswith("#")
    outside = page.replace("http://www.w3.org/1999/xlink", "").replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert not re.findall(r"https?://|//cdn|@import|url\((?!#)", outside)


def test_its_policy_allows_its_own_script_and_style_and_no_address(page: str) -> None:
    policy = next(
        attributes["content"] or ""
        for tag, attributes in Elements(page).seen
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
        assert len(texts) == 1
        assert f"{directive} 'sha256-{digest}'" in policy


def test_names_with_markup_are_data_and_never_elements(page: str) -> None:
    assert HOSTILE not in page
    assert "<img" not in page
    assert data_of(page)["columns"]["facility"]["values"][0] == printable(HOSTILE)
    assert "</script>" in printable(HOSTILE)
    assert page.count("<script") == page.count("</script>") == 2


def test_it_says_that_every_row_is_fictional(page: str) -> None:
    assert "Semua baris fiktif." in page
    assert '<html lang="id">' in page


def test_it_shows_simulated_claims_only(page: str) -> None:
    assert sorted(data_of(page)["columns"]["claim_id"]) == ["SIM-A", "SIM-B", "SIM-C"]


def test_the_riskiest_claims_come_first_and_no_more_than_asked_for(
    store: ClaimStore, page: str, tmp_path: Path
) -> None:
    assert data_of(page)["columns"]["risk"] == [0.8, 0.8, 0.1]
    assert data_of(written(store, tmp_path, limit=1))["length"] == 1


def test_a_page_that_cannot_hold_all_claims_knows_how_many_there_are(
    store: ClaimStore, tmp_path: Path
) -> None:
    data = data_of(written(store, tmp_path, limit=1))
    assert (data["length"], data["total"]) == (1, 3)
    assert data["words"]["riskiest"].count("{}") == 2


def test_dates_and_shares_are_written_as_people_there_write_them(page: str) -> None:
    assert "Data simulasi per 01/03/2026 12:00 WIB." in page
    assert "<small>67%</small>" in page


def test_each_flag_says_what_it_means(page: str, full: str) -> None:
    assert "mirip klaim lain" in page
    assert "much like another claim" in full


def test_the_model_score_is_on_the_scale_of_the_risk() -> None:
    due = pd.Series([NOW], dtype="datetime64[us, UTC]")
    claims = pd.DataFrame({"due_at": due, "ml_score": [-0.12], "ml_score_normalized": [0.31]})
    assert page_rows(claims, ZoneInfo("Asia/Jakarta"))["ml_score"] == [0.31]


@pytest.mark.slow
def test_amounts_that_the_base_keeps_as_decimals_are_numbers_on_the_page(tmp_path: Path) -> None:
    path = make_base(tmp_path / "analytics.duckdb", rows=50)
    with duckdb.connect(str(path)) as connection:
        for column in ("amount_claimed", "amount_paid", "peer_p90"):
            connection.execute(
                f"ALTER TABLE claims_normalized ALTER COLUMN {column} TYPE DECIMAL(18, 2)"
            )
    store = open_store(path)
    store.prepare()
    add(store, ["SIM-A"])
    columns = data_of(written(store, tmp_path))["columns"]
    assert (columns["claimed"], columns["times_p90"]) == ([250_000], [1.25])


def test_the_answers_are_hidden_unless_asked_for(page: str, full: str) -> None:
    columns = data_of(page)["columns"]
    assert not {"scenario", "is_fraud", "generator"} & columns.keys()
    told = data_of(full)["columns"]["scenario"]
    assert told == {"codes": [0, 0, -1], "values": ["cloning"]}


def test_the_scorecard_is_there_on_request(page: str, full: str) -> None:
    assert 'id="scorecard"' not in page
    assert "2 planted, 2 caught, 0 false alarms" in full


def test_it_speaks_english_on_request(full: str) -> None:
    assert '<html lang="en">' in full
    assert "Every row is fictional." in full
    assert "Klaim" not in full


def test_both_languages_say_the_same_things() -> None:
    def names(words: Any, at: str = "") -> set[str]:
        if not isinstance(words, dict):
            return {at}
        return {name for key, value in words.items() for name in names(value, f"{at}.{key}")}

    first, second = (names(dict(Texts.of(language).words)) for language in LANGUAGES)
    assert first == second


def test_charts_take_their_colours_from_the_page(page: str) -> None:
    assert page.count('<svg role="img" aria-label=') == 2
    assert "var(--alarm)" in page
    assert not re.findall(r'(?:fill|stroke)="#', page)


def test_ids_of_the_two_charts_do_not_clash(page: str) -> None:
    ids = [a["id"] for _, a in Elements(page).seen if "id" in a]
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', page):
        assert (reference[0] or reference[1]) in ids


def test_the_same_claims_make_the_same_page(store: ClaimStore, page: str, tmp_path: Path) -> None:
    assert written(store, tmp_path) == page


@pytest.mark.parametrize("prepared", [False, True])
def test_no_claims_yet_is_a_page_all_the_same(tmp_path: Path, prepared: bool) -> None:
    store = open_store(make_base(tmp_path / "analytics.duckdb", rows=20))
    if prepared:
        store.prepare()
    shown = written(store, tmp_path, truth=True, scorecard=True)
    assert data_of(shown)["length"] == 0


@pytest.mark.slow
def test_a_base_with_the_required_columns_only_will_do(tmp_path: Path) -> None:
    store = open_store(make_minimal(tmp_path / "analytics.duckdb", rows=50, prepared=True))
    add(store, ["SIM-A"])
    columns = data_of(written(store, tmp_path, truth=True, scorecard=True))["columns"]
    assert "peer_p90" not in columns
    assert columns["claimed"] == [250_000]


def test_a_base_with_a_narrative_of_its_own_shows_ours(tmp_path: Path) -> None:
    path = make_base(tmp_path / "analytics.duckdb", rows=50, more=["'own' AS narrative"])
    store = open_store(path)
    store.prepare()
    add(store, ["SIM-A"], narrative="kunjungan")
    assert data_of(written(store, tmp_path))["columns"]["narrative"] == ["kunjungan"]


def test_a_folder_that_cannot_be_written_is_said_to_be(store: ClaimStore, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(FolderNotWritable, match="high_risk.html"):
        written(store, tmp_path)


def test_a_failed_write_leaves_the_page_before(
    store: ClaimStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report_path(tmp_path)
    path.parent.mkdir()
    path.write_text("the page before", encoding="utf-8")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FolderNotWritable):
        written(store, tmp_path)
    assert path.read_text(encoding="utf-8") == "the page before"
    assert list(path.parent.iterdir()) == [path]


@given(st.recursive(st.text() | st.none() | st.integers(), lambda x: st.lists(x), max_leaves=8))
def test_data_never_ends_its_element_and_reads_back(value: Any) -> None:
    text = _json(value)
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == value


def test_numbers_that_json_has_no_words_for_are_unknown() -> None:
    claims = pd.DataFrame(
        {
            "claim_id": ["a", "b", "c"],
            "los": pd.Series([1, None, 3], dtype="Int64"),
            "amount_claimed": [100.0, float("nan"), float("inf")],
            "peer_p90": [50.0, 10.0, 0.0],
            "flags": [["x"], None, []],
            "due_at": pd.Series([NOW, None, NOW], dtype="datetime64[us, UTC]"),
        }
    )
    rows = page_rows(claims, ZoneInfo("Asia/Jakarta"))
    assert rows["los"] == [1, None, 3]
    assert rows["claimed"] == [100, None, None]
    assert rows["times_p90"] == [2.0, None, None]
    assert rows["flags"] == [["x"], [], []]
    assert rows["time"] == ["2026-03-01 11:00:00", None, "2026-03-01 11:00:00"]


@pytest.mark.parametrize(
    ("language", "amount", "told"),
    [
        ("id", 950_000, "Rp 950.000"),
        ("id", 1_250_000, "Rp 1,2 jt"),
        ("id", 3_500_000_000, "Rp 3,5 M"),
        ("en", 3_500_000_000, "Rp 3.5 bn"),
        ("en", 950_000, "Rp 950,000"),
    ],
)
def test_amounts_are_written_as_people_there_write_them(
    language: str, amount: float, told: str
) -> None:
    assert Texts.of(language).rupiah(amount) == told
