"""What goes to the batch API and comes back: files of lines, one request or reply each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from claimsim_pipeline.errors import LLMUnavailable
from claimsim_pipeline.generation.llm.client import Endpoint, classify, without_secrets
from claimsim_pipeline.generation.llm.probe import unreachable
from claimsim_pipeline.generation.llm.request import Request

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

MOST_REQUESTS, MOST_BYTES = 50_000, 150_000_000
"""What one batch may hold; the provider takes 50,000 requests and 200 MB."""

_TAG = "claimsim"
_MEET_SECONDS = 2.0


@contextmanager
def batch_client(endpoint: Endpoint) -> Iterator[OpenAI]:
    """A client; what the provider refuses within the block is told as one error.

    Raises:
        LLMUnavailable: If the provider cannot be used.
    """
    from openai import APIError, APIStatusError, OpenAI

    lost = unreachable(endpoint.base_url)
    if lost:
        raise LLMUnavailable(f"The batch API cannot be used: {lost} (SIM_LLM_BATCH=true).")
    client = OpenAI(
        api_key=endpoint.api_key or "no-key",
        base_url=endpoint.base_url or "https://api.openai.com/v1",
        timeout=endpoint.timeout,
    )
    try:
        with client:
            yield client
    except APIError as error:
        why = classify(error).cause if isinstance(error, APIStatusError) else str(error)
        told = without_secrets(why, endpoint.api_key)
        raise LLMUnavailable(
            f"The batch API cannot be used: {told} (SIM_LLM_BATCH=true). What was submitted "
            "is written down; run again, or set SIM_LLM_BATCH=false."
        ) from error


def meet(client: OpenAI) -> None:
    """Notice at once that nobody is there: with the SDK's patience it takes minutes."""
    from openai import APIStatusError

    try:
        client.with_options(max_retries=0, timeout=_MEET_SECONDS).batches.list(limit=1)
    except APIStatusError:
        return  # somebody is there; the calls that matter tell what is wrong


def chunks(requests: list[Request]) -> Iterator[list[Request]]:
    """The requests in as many lists as there have to be batches."""
    chunk: list[Request] = []
    size = 0
    for request in requests:
        if chunk and (len(chunk) >= MOST_REQUESTS or size + len(request.body) > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(request)
        size += len(request.body)
    if chunk:
        yield chunk


def send(client: OpenAI, intent: str, requests: list[Request]) -> str:
    """Submit one batch under the name of its intent; returns the provider's id."""
    lines = b"\n".join(_line(request) for request in requests)
    file = client.files.create(file=(f"{intent}.jsonl", lines), purpose="batch")
    once = client.with_options(max_retries=0)  # whose answer is lost may have succeeded
    batch = once.batches.create(
        input_file_id=file.id,
        endpoint="/v1/responses",
        completion_window="24h",
        metadata={_TAG: intent},
    )
    return batch.id


def ids_by_intent(client: OpenAI) -> dict[str | None, str]:
    """The provider's ids of the newest batches, by the intent that each was submitted under."""
    return {(b.metadata or {}).get(_TAG): b.id for b in client.batches.list(limit=100)}


def _line(request: Request) -> bytes:
    head = f'{{"custom_id":"{request.hash}","method":"POST","url":"/v1/responses","body":'
    return head.encode() + request.body + b"}"


def replies(client: OpenAI, told: Batch) -> Iterator[tuple[str, object]]:
    """Request's hash and response of each reply; errors are left out."""
    if told.output_file_id is None:
        return
    for text in client.files.content(told.output_file_id).read().splitlines():
        try:
            record = json.loads(text)
            response = record["response"]
            if response and response["status_code"] == 200:
                yield str(record["custom_id"]), response["body"]
        except (ValueError, KeyError, TypeError):
            continue  # the claim is left to a single call
