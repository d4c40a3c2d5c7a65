"""Publications that Dagster would not know of: from the command line, or cut short.

The refresh sensor counts new claims by events, so every claim that reaches the
stream is in exactly one event: that of its window's materialization, or one
of these.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from claimsim_pipeline.orchestration.answers import answers
from claimsim_pipeline.orchestration.event_log import latest_stream_event
from claimsim_pipeline.orchestration.names import CLAIMS_LIVE_STREAM, CLAIMS_ML_SCORES, Measure

if TYPE_CHECKING:
    from claimsim_pipeline.insight.scorecard import RunningScorecard
    from claimsim_pipeline.simulation.record import RunRecord

_LOG = logging.getLogger("claimsim")


def publication(record: "RunRecord", card: "RunningScorecard") -> dg.AssetMaterialization:
    """The event of a run outside the windows."""
    told: dict[str, Any] = {
        Measure.INSERTED: record.inserted,
        Measure.FRAUDULENT: record.fraudulent,
        Measure.FRAUD_TARGET: record.spec.fraud_ratio,
        Measure.WORST_LATENESS: round(record.worst_lateness, 3),
        "run_id": record.run_id,
        "status": record.status,
        "generators": dict(record.generators),
        "scenarios": dict(record.scenarios),
    }
    if record.inserted:
        told |= answers(card.total())
        told[Measure.FRAUD_RATIO] = round(record.fraudulent / record.inserted, 4)
    if record.spending is not None and record.spending.cost_usd is not None:
        told[Measure.COST] = record.spending.cost_usd
    return dg.AssetMaterialization(
        CLAIMS_LIVE_STREAM, description="Claims from outside the windows.", metadata=told
    )


def report_runless_publication(record: "RunRecord", card: "RunningScorecard") -> None:
    """Tell the Dagster instance at ``DAGSTER_HOME`` of a run of the command line.

    Never fails the run: what goes wrong is said on the log and left at that.
    """
    _report(publication(record, card))


def report_runless_prune(claims: int, older_than_days: float) -> None:
    """Tell the Dagster instance at ``DAGSTER_HOME`` of claims that were pruned."""
    if claims:
        _report(pruning(claims, older_than_days))


@contextmanager
def runless_refresh() -> Iterator[dict[str, Any]]:
    """Tell the Dagster instance at ``DAGSTER_HOME`` of a refresh by the command line.

    The block puts what is to be told into the dict that it gets. Which claims
    the refresh has seen is fixed before it begins, so that none that come
    meanwhile is counted as refreshed.
    """
    told: dict[str, Any] = {}
    seen = _seen_through()
    yield told
    if told and seen is not None:
        rows = {Measure.ROWS: told.pop("rows")}  # under the name of the asset's own events
        metadata = {**rows, **told, Measure.SEEN_THROUGH: seen}
        _report(dg.AssetMaterialization(CLAIMS_ML_SCORES, metadata=metadata))


def _seen_through() -> int | None:
    """The newest event of the stream; None if there is no instance to ask."""
    if not os.environ.get("DAGSTER_HOME"):
        return None
    try:
        with dg.DagsterInstance.get() as instance:
            return latest_stream_event(instance)
    except Exception as error:  # noqa: BLE001 - Dagster's storages raise what they like
        _LOG.warning("Dagster was not asked what has been refreshed: %s", error)
        return None


def pruning(claims: int, older_than_days: float) -> dg.AssetObservation:
    """The event of claims that left the stream."""
    told = {Measure.PRUNED: claims, "older_than_days": float(older_than_days)}
    return dg.AssetObservation(CLAIMS_LIVE_STREAM, description="Pruned.", metadata=told)


def partial_publication(context: dg.AssetExecutionContext, inserted: int) -> None:
    """Report what a window's run had published when it was cut short."""
    if not inserted:
        return
    told: dict[str, Any] = {
        Measure.INSERTED: inserted,
        "status": "cut short",
        "run": context.run.run_id,
    }
    context.instance.report_runless_asset_event(
        dg.AssetObservation(CLAIMS_LIVE_STREAM, description="Cut short.", metadata=told)
    )


def _report(event: dg.AssetMaterialization | dg.AssetObservation) -> None:
    if not os.environ.get("DAGSTER_HOME"):
        return
    try:
        with dg.DagsterInstance.get() as instance:
            instance.report_runless_asset_event(event)
    except Exception as error:  # noqa: BLE001 - Dagster's storages raise what they like
        _LOG.warning("Dagster was not told of this run: %s", error)
