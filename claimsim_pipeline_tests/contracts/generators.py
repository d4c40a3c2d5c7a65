"""The generators that must keep the contract: add one here, and every contract test runs for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from weakref import finalize

import pandas as pd

from claimsim_pipeline.bench.llm_model import Model
from claimsim_pipeline.bench.llm_server import LoopbackServer
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.door import ClaimGenerator
from claimsim_pipeline.generation.llm.client import Endpoint
from claimsim_pipeline.generation.llm.generator import LLMGenerator, Options
from claimsim_pipeline.generation.mutator import Mutator


class AskedOnLoopback:
    """The generator that asks a model, with a model on loopback and a journal of its own.

    The model never says the same twice; it is the journal that does.
    """

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        finalize(self, self._home.cleanup)

    def generate(self, briefs: Briefs, reference: Reference) -> Iterator[pd.DataFrame]:
        with LoopbackServer(Model()) as server:
            endpoint = Endpoint("key", server.base_url, timeout=60.0, concurrency=8)
            options = Options("gpt-4o-mini", "run", Path(self._home.name))
            yield from LLMGenerator(endpoint, options).generate(briefs, reference)


GENERATORS: Mapping[str, Callable[[], ClaimGenerator]] = {
    "mutator": Mutator,
    "llm": AskedOnLoopback,
}
