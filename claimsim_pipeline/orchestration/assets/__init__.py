"""The assets, in the order of the data's journey; one file each."""

from collections.abc import Sequence
from typing import Any

from claimsim_pipeline.orchestration.assets.claims_live_stream import claims_live_stream
from claimsim_pipeline.orchestration.assets.claims_ml_scores import claims_ml_scores
from claimsim_pipeline.orchestration.assets.claims_normalized import claims_normalized
from claimsim_pipeline.orchestration.assets.generated_claims import generated_claims
from claimsim_pipeline.orchestration.assets.sampled_context import sampled_context
from claimsim_pipeline.orchestration.assets.scored_claims import scored_claims
from claimsim_pipeline.orchestration.partitions import half_hours
from claimsim_pipeline.settings import Settings


def assets(settings: Settings) -> Sequence[Any]:
    """All assets of the code location."""
    windows = half_hours(settings)
    makers = (sampled_context, generated_claims, scored_claims, claims_live_stream)
    return [
        claims_normalized(settings),
        *(make(settings, windows) for make in makers),
        claims_ml_scores(settings),
    ]
