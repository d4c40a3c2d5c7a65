"""One call through the SDK: bytes out, and a paid reply or a classified failure back.

The SDK's own retries are off: it sleeps inside the call, that is inside our
slot. Requests are posted as bytes and replies read as JSON, because building
the SDK's response models costs more than all the rest of a call.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from json import JSONDecodeError
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pydantic_core import from_json

from claimsim_pipeline.generation.llm.outcome import Failure, Paid, Remedy

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_CONNECT_SECONDS = 2.0
_LANES = 64
_LONGEST_CAUSE = 500
_SHORTEST_SECRET = 9  # shorter ones ("ollama", "no-key") are words that messages may hold
_NO_KEY = "no-key"  # what local servers are told; the SDK wants something
_NEVER_AGAIN = {
    401: "the key was refused",
    403: "access was refused",
    404: "the model or the address is unknown",
}
_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_UNKNOWN_MODEL = frozenset({"model_not_found", "invalid_model", "model_not_supported"})
_PASSWORD = re.compile(r"//[^/@\s]*@")
_PATIENT = frozenset({408, 409, 425, 429})


@dataclass(frozen=True)
class Endpoint:
    """Where the model is.

    Attributes:
        api_key: None for servers that want none.
        base_url: None: OpenAI's.
        timeout: Seconds that a call may take.
        concurrency: Calls in flight at most.
    """

    api_key: str | None
    base_url: str | None = None
    timeout: float = 60.0
    concurrency: int = 8


def connect(endpoint: Endpoint) -> AsyncOpenAI:
    """An SDK client without retries of its own."""
    import httpx2
    from openai import AsyncOpenAI

    from claimsim_pipeline.generation.llm.lanes import Lanes

    address = endpoint.base_url or "https://api.openai.com/v1"
    timeout = httpx2.Timeout(endpoint.timeout, connect=min(_CONNECT_SECONDS, endpoint.timeout))
    lanes = Lanes(min(endpoint.concurrency, _LANES), secure=address.startswith("https"))
    return AsyncOpenAI(
        api_key=endpoint.api_key or _NO_KEY,
        base_url=address,
        max_retries=0,
        timeout=timeout,
        http_client=httpx2.AsyncClient(timeout=timeout, transport=lanes),
    )


async def call(client: AsyncOpenAI, body: bytes) -> tuple[Paid | Failure, Mapping[str, str]]:
    """Send a request.

    Returns:
        What came of it, and the headers of the response (none without a response).
    """
    outcome, headers = await _called(client, body)
    if isinstance(outcome, Failure):
        told = without_secrets(outcome.cause, client.api_key)
        outcome = replace(outcome, cause=told[:_LONGEST_CAUSE])
    return outcome, headers


def without_secrets(text: str, api_key: str | None) -> str:
    """A message fit for logs: servers may repeat the key, and addresses may hold a password."""
    secret = api_key is not None and len(api_key) >= _SHORTEST_SECRET
    told = text.replace(str(api_key), "(key)") if secret else text
    return _PASSWORD.sub("//(hidden)@", told)


async def _called(client: AsyncOpenAI, body: bytes) -> tuple[Paid | Failure, Mapping[str, str]]:
    import httpx2
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    try:
        response = await client.post(
            "/responses",
            content=body,
            cast_to=httpx2.Response,
            options={"headers": {"Content-Type": "application/json"}},
        )
        return Paid.of(_json(response.content)), response.headers
    except APITimeoutError as error:
        unmet = isinstance(error.__cause__, httpx2.ConnectTimeout)
        where = shown(str(client.base_url))
        cause = f"no connection to {where} in time" if unmet else "the call timed out"
        return Failure(cause, Remedy.WAIT, unreachable=unmet), {}
    except APIConnectionError as error:
        cause = f"no connection to {shown(str(client.base_url))} ({error.__cause__ or error})"
        return Failure(cause, Remedy.WAIT, unreachable=True), {}  # nobody who speaks HTTP
    except APIStatusError as error:
        return classify(error), error.response.headers


def shown(address: str) -> str:
    """An address as it may be said and logged: without a password or a token in it."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def classify(error: APIStatusError) -> Failure:
    """What an error of the server means for us."""
    status, code = error.status_code, str(error.code or error.type or "")
    cause = f"HTTP {status} {code}{_said(error)}"
    if code in _QUOTA:
        return Failure(f"no quota is left ({cause})", Remedy.STOP)
    if status in _NEVER_AGAIN or code in _UNKNOWN_MODEL:
        return Failure(f"{_NEVER_AGAIN.get(status, _NEVER_AGAIN[404])} ({cause})", Remedy.STOP)
    if status in _PATIENT or status >= 500:
        wait = retry_after(error.response.headers)
        return Failure(cause, Remedy.WAIT, throttled=status == 429, retry_after=wait)
    return Failure(cause, Remedy.SKIP)


def _said(error: APIStatusError) -> str:
    """The server's own words; one that refuses a key likes to repeat parts of it."""
    return "" if error.status_code == 401 else f": {error.message}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait; None if it does not say."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        told = headers.get(name)
        if told is None:
            continue
        try:
            return max(0.0, float(told) * scale)
        except ValueError:
            when = email.utils.parsedate_tz(told)
            if when is not None:
                return max(0.0, email.utils.mktime_tz(when) - time.time())
    return None


def _json(content: bytes) -> object:
    try:
        return from_json(content)
    except (ValueError, JSONDecodeError):
        return content.decode("utf-8", "replace")[:20_000]
