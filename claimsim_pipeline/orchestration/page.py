"""The page of high-risk claims, written anew by each run that changed something."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from claimsim_pipeline import composition
from claimsim_pipeline.errors import ClaimsimError
from claimsim_pipeline.settings import Settings

if TYPE_CHECKING:
    from claimsim_pipeline.simulation.record import RunRecord


def renewed_page(
    settings: Settings, record: "RunRecord", now: datetime
) -> Path | ClaimsimError | None:
    """Write the page, if the run has changed anything; where it is, or why it is not written.

    Needs nothing of Dagster, so that it can be done beside other work.
    """
    if not record.inserted:
        return None
    try:
        return composition.write_page(settings, now)
    except ClaimsimError as error:
        return error


def page_metadata(
    written: Path | ClaimsimError | None, log: dg.DagsterLogManager
) -> Mapping[str, dg.PathMetadataValue]:
    """Tell where the page is; one that could not be written fails no run."""
    if isinstance(written, ClaimsimError):
        log.warning(f"The page was not written: {written}")
    if not isinstance(written, Path):
        return {}
    log.info(f"Page: {written}")
    return {"page": dg.MetadataValue.path(str(written.absolute()))}
