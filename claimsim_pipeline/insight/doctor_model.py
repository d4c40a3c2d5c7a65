"""The language model: a key, and on request one tiny call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimsim_pipeline.generation.llm.client import shown
from claimsim_pipeline.insight.doctor import Finding, Premises, ok, problem

if TYPE_CHECKING:
    from pydantic import SecretStr

_SECONDS = 20.0
_TOKENS = 16  # the least that the Responses API takes


def key(premises: Premises) -> Finding:
    """Whether claims can be made at all."""
    if premises.has_key:
        return ok("Key", "OPENAI_API_KEY is set (not shown)")
    if premises.address is not None:
        return ok("Key", f"none, and {_where(premises)} may want none")
    if premises.force_llm:
        return problem(
            "Key",
            "There is no OPENAI_API_KEY, and SIM_FORCE_LLM=true rules the offline mutator out.",
            "Set the key, or SIM_FORCE_LLM=false to simulate offline.",
        )
    return ok("Key", "none, and SIM_FORCE_LLM=false: claims are made offline")


def not_called(premises: Premises) -> Finding:
    """What would be called."""
    where = _where(premises)
    return ok("Model", f"{premises.model} at {where}; not called (`--call` does, for a few tokens)")


def call(premises: Premises, secret: SecretStr | None) -> Finding:
    """One request of a few tokens."""
    from openai import APIStatusError, OpenAI, OpenAIError

    where = f"{premises.model} at {_where(premises)}"
    client = OpenAI(
        api_key=secret.get_secret_value() if secret else "no-key",
        base_url=premises.address,
        max_retries=0,
        timeout=_SECONDS,
    )
    try:
        with client:
            client.responses.create(
                model=premises.model, input="ping", max_output_tokens=_TOKENS, store=False
            )
    except APIStatusError as error:
        return problem(
            "Model", f"{where} answered {error.status_code}.", _remedy(error.status_code)
        )
    except OpenAIError as error:
        return problem(
            "Model",
            f"{where} cannot be reached ({type(error).__name__}).",
            "Check OPENAI_BASE_URL and the network.",
        )
    return ok("Model", f"{where} answers")


def _where(premises: Premises) -> str:
    return shown(premises.address) if premises.address else "OpenAI"


def _remedy(status: int) -> str:
    if status in {401, 403}:
        return "The key was refused: check OPENAI_API_KEY."
    if status == 404:
        return "The model or the address is unknown: check SIM_LLM_MODEL and OPENAI_BASE_URL."
    if status == 429:
        return "Too many requests, or no money left: check the account's limits."
    return "Try again later; if it stays, check the model's server."
