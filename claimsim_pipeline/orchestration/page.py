"""The page of high-risk claims, written anew by each run that changed something."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from claimsim_pipeline import composition
from claimsim_pipeline.errors import ClaimsimError
from claimsim_pipeline.settings import Settings

if TYPE_CHECKING:
    from claimsim_pipeline.simulation.record import RunRecord


def renewed_page(
    settings: Settings, record: "RunRecord", now: datetime, log: dg.DagsterLogManager
) -> Mapping[str, dg.PathMetadataValue]:
    """Write the page, and tell where it is; a page that cannot be written fails no run."""
    if not record.inserted:
        return {}
    try:
        path = composition.write_page(settings, now)
    except ClaimsimError as error:
        log.warning(f"The page was not written: {error}")
        return {}
    log.info(f"Page: {path}")
    return {"page": dg.MetadataValue.path(str(path.absolute()))}
