"""The prompt: a file of its own, with a version that changes whenever its bytes do."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files

from claimsim_pipeline.generation.llm.schema import text_format

_VERSION_DIGITS = 12


@cache
def instructions() -> str:
    """The static part of every request."""
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")


@cache
def prompt_version() -> str:
    """Hash of the prompt and the schema."""
    text = instructions() + json.dumps(text_format(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]
