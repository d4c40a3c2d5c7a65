"""The page of high-risk claims in a real browser, opened from disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from claimsim_pipeline.insight.report import Showing, write_report
from claimsim_pipeline_tests.e2e.browser import Browser, chromium
from claimsim_pipeline_tests.insight.live_store import HOSTILE, NOW, add, published

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CLAIMS = 5_000
PROVINCES = ["BALI", "BANTEN", "JAWA BARAT", HOSTILE]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with 5,000 claims, hostile names among them."""
    folder = tmp_path_factory.mktemp("page")
    dice = np.random.default_rng(5)
    amounts = dice.integers(1_000, 90_000, CLAIMS) * 100.0
    store = published(folder, ids=())
    add(
        store,
        [f"SIM-{n:012X}" for n in range(CLAIMS)],
        amount_claimed=amounts,
        amount_paid=amounts,
        risk_score=dice.random(CLAIMS).round(3),
        province_name=[PROVINCES[n % 4] for n in range(CLAIMS)],
        facility_name=[f"RS Contoh {n % 90} {HOSTILE}" for n in range(CLAIMS)],
        dx_primary_label=["Hypertension" if n % 9 else "X" * 200 for n in range(CLAIMS)],
        narrative="Kunjungan rawat jalan dengan keluhan yang menetap; obat diberikan. " * 3,
    )
    return write_report(
        store, folder, now=NOW, timezone="Asia/Jakarta",
        showing=Showing(CLAIMS, "id", truth=True, scorecard=True),
    )  # fmt: skip


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(chrome: Browser, page: Path) -> Iterator[Browser]:
    """The page, freshly opened at 1280 px in light mode."""
    _emulate(chrome, 1280, 900)
    chrome.go(page.as_uri())
    yield chrome
    complaints = [entry["message"] for entry in chrome.driver.get_log("browser")]
    assert complaints == []


def _emulate(browser: Browser, width: int, height: int, *, dark: bool = False) -> None:
    tell = browser.driver.execute_cdp_cmd
    tell(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    tell("Emulation.setEmulatedMedia", {"features": [scheme]})


def _ask(browser: Browser, script: str) -> Any:
    return browser.driver.execute_script(f"return {script}")


def _column(browser: Browser, number: int) -> list[str]:
    script = f"[...document.querySelectorAll('#claims tbody tr td:nth-child({number})')]"
    texts: list[str] = _ask(browser, f"{script}.map((cell) => cell.innerText)")
    return texts


def _heading(browser: Browser, text: str) -> Any:
    buttons = browser.driver.find_elements(By.CSS_SELECTOR, "#claims th button")
    return next(button for button in buttons if button.text.startswith(text))


def _sorted_by(browser: Browser) -> list[str]:
    headings = browser.driver.find_elements(By.CSS_SELECTOR, "#claims th[aria-sort]")
    return [f"{h.text} {h.get_attribute('aria-sort')}" for h in headings]


def _amount(text: str) -> int:
    return int(text.replace(".", ""))


def test_five_thousand_claims_open_within_two_seconds(browser: Browser, page: Path) -> None:
    started = time.perf_counter()
    browser.go(page.as_uri())
    rows = len(browser.all("#claims tbody tr"))
    seconds = time.perf_counter() - started
    assert rows == 50
    assert seconds <= 2.0
    assert f"{CLAIMS:,}".replace(",", ".") in browser.driver.find_element(By.ID, "told").text
    browser.picture("report-light")


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(browser: Browser) -> None:
    _heading(browser, "Diajukan").click()
    amounts = [_amount(text) for text in _column(browser, 7)]
    assert amounts == sorted(amounts, reverse=True)
    assert _sorted_by(browser) == ["Diajukan (Rp) descending"]
    _heading(browser, "Diajukan").click()
    amounts = [_amount(text) for text in _column(browser, 7)]
    assert amounts == sorted(amounts)
    assert _sorted_by(browser) == ["Diajukan (Rp) ascending"]


def test_the_keyboard_sorts_too(browser: Browser) -> None:
    heading = _heading(browser, "Klaim")
    browser.driver.execute_script("arguments[0].focus()", heading)
    heading.send_keys(Keys.ENTER)
    assert _sorted_by(browser) == ["Klaim ascending"]
    assert _column(browser, 1)[0] == "SIM-000000000000"
    browser.driver.switch_to.active_element.send_keys(Keys.SPACE)
    assert _sorted_by(browser) == ["Klaim descending"]


def test_the_province_filters(browser: Browser) -> None:
    options = browser.driver.find_elements(By.CSS_SELECTOR, "#province option")
    assert len(options) == 5
    next(option for option in options if option.text == "BANTEN").click()
    assert "1.250 dari 5.000" in browser.driver.find_element(By.ID, "told").text
    assert all("BANTEN" in text for text in _column(browser, 3))


def test_the_search_finds_by_every_word(browser: Browser) -> None:
    browser.driver.find_element(By.ID, "search").send_keys("contoh bali sim-000000000004")
    assert "1 dari 5.000" in browser.driver.find_element(By.ID, "told").text
    browser.driver.find_element(By.ID, "search").send_keys(" nowhere")
    assert "Tidak ada klaim" in browser.driver.find_element(By.ID, "claims").text


def test_pages_turn(browser: Browser) -> None:
    first = _column(browser, 1)
    browser.driver.find_element(By.ID, "next").click()
    assert "Halaman 2 dari 100" in browser.driver.find_element(By.ID, "page").text
    assert not set(first) & set(_column(browser, 1))
    browser.driver.find_element(By.ID, "last").click()
    assert not browser.driver.find_element(By.ID, "next").is_enabled()


def test_a_claim_opens_and_closes(browser: Browser) -> None:
    claim = browser.driver.find_element(By.CSS_SELECTOR, "#claims .open")
    claim.send_keys(Keys.ENTER)
    assert claim.get_attribute("aria-expanded") == "true"
    assert "Kunjungan rawat jalan" in browser.driver.find_element(By.CSS_SELECTOR, ".more").text
    browser.picture("report-details")
    claim.send_keys(Keys.ENTER)
    assert browser.all(".more") == []


def test_hostile_names_are_shown_as_they_are_and_do_nothing(browser: Browser) -> None:
    assert _ask(browser, "document.querySelectorAll('img, #claims script').length") == 0
    shown = _ask(browser, "document.querySelector('#claims td.place').textContent")
    assert '</script><img src=x onerror="alert(1)">' in shown


def test_nothing_is_fetched(browser: Browser) -> None:
    assert _ask(browser, "performance.getEntriesByType('resource').length") == 0


def test_the_policy_refuses_what_the_page_does_not_hold(chrome: Browser, page: Path) -> None:
    chrome.go(page.as_uri())
    chrome.driver.execute_script(
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';"
        "document.body.append(image);"
    )
    chrome.wait(lambda: _ask(chrome, "document.images[0].complete"), 10)
    log = " ".join(entry["message"] for entry in chrome.driver.get_log("browser"))
    assert "Content Security Policy" in log


def test_figures_end_where_their_heading_ends(browser: Browser) -> None:
    ends = (
        "[...document.querySelectorAll('#claims th.number button, #claims tbody tr:first-child"
        " td.number')].map((box) => { const range = document.createRange();"
        " range.selectNodeContents(box); return Math.round(range.getBoundingClientRect().right); })"
    )
    edges = _ask(browser, ends)
    assert edges[: len(edges) // 2] == edges[len(edges) // 2 :]


def test_dark_mode_is_dark(browser: Browser) -> None:
    light = _ask(browser, "getComputedStyle(document.body).backgroundColor")
    _emulate(browser, 1280, 900, dark=True)
    dark = _ask(browser, "getComputedStyle(document.body).backgroundColor")
    assert (light, dark) == ("rgb(246, 247, 249)", "rgb(18, 22, 28)")
    ink = _ask(browser, "getComputedStyle(document.querySelector('svg text')).fill")
    assert ink == "rgb(228, 232, 238)"
    browser.picture("report-dark")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_runs_over_the_side(browser: Browser, page: Path, width: int) -> None:
    _emulate(browser, width, 844)
    browser.go(page.as_uri())
    browser.driver.find_element(By.CSS_SELECTOR, "#claims .open").click()
    browser.picture(f"report-{width}")
    assert _ask(browser, "document.documentElement.scrollWidth") <= width
