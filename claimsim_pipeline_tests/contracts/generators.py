"""The generators that must keep the contract: add one here, and every contract test runs for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from claimsim_pipeline.generation.door import ClaimGenerator
from claimsim_pipeline.generation.mutator import Mutator

GENERATORS: Mapping[str, Callable[[], ClaimGenerator]] = {"mutator": Mutator}
