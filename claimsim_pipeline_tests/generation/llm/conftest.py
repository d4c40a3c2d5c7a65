from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from claimsim_pipeline.bench.llm_model import Model
from claimsim_pipeline.bench.llm_server import LoopbackServer
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.demo.build import build_claims
from claimsim_pipeline.generation.brief import Briefs, compose
from claimsim_pipeline.generation.llm.client import Endpoint
from claimsim_pipeline.generation.llm.generator import LLMGenerator, Options
from claimsim_pipeline_tests.generation.base_frames import contexts_from, reference_from, slots_of

MODEL = "gpt-4o-mini"


@dataclass(frozen=True, eq=False)
class World:
    base: pd.DataFrame
    reference: Reference

    @cache  # noqa: B019  # there is one world, and many tests ask for the same briefs
    def briefs(self, count: int, *, ratio: float = 0.8, profile: str = "demo") -> Briefs:
        slots, dice = slots_of([count], ratio)
        contexts = contexts_from(self.base, count)
        return compose(slots, dice, contexts, self.reference, profile=profile, seed=1)


@pytest.fixture(scope="session")
def world() -> World:
    base = to_pandas(build_claims(6_000, 5))
    return World(base, reference_from(base))


Serve = Callable[..., LoopbackServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(**knobs: Any) -> LoopbackServer:
            return stack.enter_context(LoopbackServer(Model(**knobs)))

        yield start


Make = Callable[..., LLMGenerator]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(
        server: LoopbackServer | str | None,
        *,
        key: str | None = "key",
        run_id: str = "run",
        timeout: float = 60.0,
        fallback: Any = None,
        submit: Any = None,
        concurrency: int = 8,
        **options: Any,
    ) -> LLMGenerator:
        address = server.base_url if isinstance(server, LoopbackServer) else server
        endpoint = Endpoint(key, address, timeout=timeout, concurrency=concurrency)
        chosen = Options(MODEL, run_id, tmp_path, **options)
        return LLMGenerator(endpoint, chosen, fallback=fallback, submit=submit)

    return made


def collected(generator: Any, briefs: Briefs, reference: Reference) -> pd.DataFrame:
    frames = list(generator.generate(briefs, reference))
    return pd.concat(frames, ignore_index=True).sort_values("slot", ignore_index=True)
