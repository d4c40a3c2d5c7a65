"""The door to both generators: briefs go in, drafts come out, whole groups at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.brief import Briefs

DRAFT_COLUMNS = (
    "slot",
    "facility_key",
    "case_key",
    "los",
    "amount_claimed",
    "amount_paid",
    "dx_secondary_codes",
    "participant_segment_code",
    "claim_weight",
    "patient",
    "care_end_days",
    "narrative",
    "generator",
    "llm_model",
    "prompt_version",
    "generator_flags",
)
"""The columns of a frame of drafts, in order."""


class ClaimGenerator(Protocol):
    """Whoever turns briefs into drafts."""

    def generate(self, briefs: Briefs, reference: Reference) -> Iterator[pd.DataFrame]:
        """Frames of drafts: whole units, each unit exactly once, within the briefs' bounds."""
        ...
