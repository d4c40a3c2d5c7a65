"""The user's own claims: read only, so an external asset that is observed."""

import dagster as dg

from claimsim_pipeline.orchestration.metadata import table_metadata
from claimsim_pipeline.orchestration.names import CLAIMS_NORMALIZED, GROUP, OWNERS, TAGS
from claimsim_pipeline.settings import Settings


def claims_normalized(settings: Settings) -> dg.AssetSpec:
    """The spec of the external asset."""
    return dg.AssetSpec(
        CLAIMS_NORMALIZED,
        description=(
            "**The real claims.** Read only: never altered, never created here. Contexts are "
            "sampled from it, and nothing that identifies a person leaves it. Each simulation "
            "records its rows and a fingerprint as an observation."
        ),
        group_name=GROUP,
        kinds={"duckdb", "table"},
        owners=OWNERS,
        tags={**TAGS, "data": "real"},
        metadata=table_metadata(settings, CLAIMS_NORMALIZED),
    )
