"""A headless chromium, driven by its own driver, with pictures as build output."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PICTURES = Path(__file__).parents[2] / "build" / "pictures"
_QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1500,1000",
)


class Browser:
    """What the tests do with a page: go, wait for a sight, click, look."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def go(self, url: str) -> None:
        self.driver.get(url)

    def wait(self, sight: Callable[[], object], seconds: float = 60) -> object:
        """Wait until ``sight`` gives something true, whatever is redrawn meanwhile."""

        def look(_driver: object) -> object:
            try:
                return sight()
            except StaleElementReferenceException:
                return None

        return WebDriverWait(self.driver, seconds, poll_frequency=0.25).until(look)

    def sees(self, text: str, seconds: float = 60) -> None:
        """Wait until the page shows ``text``; a failure says what it shows instead."""
        try:
            self.wait(lambda: text in self.text(), seconds)
        except TimeoutException:
            self.picture("missed")
            pytest.fail(f"{self.driver.current_url} lacks {text!r}:\n{self.text()}")

    def visit(self, url: str, *texts: str, seconds: float = 150, patience: float = 15) -> None:
        """Open a page that shows one of these texts; opened anew where it does not by then."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.go(url)
            try:
                self.wait(lambda: any(text in self.text() for text in texts), patience)
                return
            except TimeoutException:
                continue
        self.picture("missed")
        pytest.fail(f"{url} shows none of {texts}, but:\n{self.text()}")

    def text(self) -> str:
        return str(self.driver.execute_script("return document.body.innerText"))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str, text: str = "") -> None:
        def find() -> WebElement | None:
            shown = (e for e in self.all(selector) if text in e.text and e.is_enabled())
            return next(shown, None)

        element = self.wait(find)
        self.driver.execute_script("arguments[0].click()", element)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(PICTURES / f"{name}.png"))


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with a fresh profile; the test is skipped where there is none."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed; `.ci/run` installs them")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (*_QUIET, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as chrome:
        yield Browser(chrome)
