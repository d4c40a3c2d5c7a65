"""What the model's server says never brings the key, or the address's password, into a log."""

from __future__ import annotations

import httpx2
import pytest
from openai import APIStatusError

from claimsim_pipeline.generation.llm.client import classify, shown, without_secrets

KEY = "sk-proj-Zq7XvB2mNc9LtR4wYh6Kd1Fs8Gj3Pa5Ue0"


def refused(status: int, said: str) -> APIStatusError:
    request = httpx2.Request(
        "POST", "http://127.0.0.1/v1/responses", headers={"Authorization": f"Bearer {KEY}"}
    )
    return APIStatusError(said, response=httpx2.Response(status, request=request), body=None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_a_server_that_repeats_the_key_is_not_quoted_with_it(status: int) -> None:
    failure = classify(refused(status, f"Incorrect API key provided: {KEY}."))
    cause = without_secrets(failure.cause, KEY)
    assert KEY not in cause
    assert f"HTTP {status}" in cause


def test_a_server_that_repeats_the_ends_of_a_refused_key_is_not_quoted() -> None:
    failure = classify(refused(401, f"Incorrect API key provided: {KEY[:12]}***{KEY[-4:]}."))
    assert KEY[-4:] not in failure.cause
    assert "the key was refused" in failure.cause


def test_other_words_of_a_server_are_kept() -> None:
    assert "unsupported country" in classify(refused(403, "unsupported country")).cause


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://user:pass@127.0.0.1:8000/v1?token=abc#d", "http://127.0.0.1:8000/v1"),
        ("https://[::1]:8000/v1/", "https://[::1]:8000/v1/"),
        ("https://models.example/v1", "https://models.example/v1"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, said: str) -> None:
    assert shown(address) == said
