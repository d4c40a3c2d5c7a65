"""A host is given up before anything is asked only where its name is ours to look up."""

from __future__ import annotations

import pytest

from claimsim_pipeline.generation.llm.probe import unreachable

NOWHERE = "https://model.invalid/v1"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_an_unknown_host_is_named() -> None:
    assert "model.invalid" in unreachable(NOWHERE)


def test_an_address_needs_no_name_server() -> None:
    assert unreachable("http://127.0.0.1:9/v1") == ""


def test_behind_a_proxy_the_proxy_looks_names_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")
    assert unreachable(NOWHERE) == ""
    monkeypatch.setenv("no_proxy", "model.invalid")
    assert unreachable(NOWHERE) != ""
