"""What a publication tells the UI: a few numbers per window, tables and plots once a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from claimsim_pipeline.orchestration.answers import answers
from claimsim_pipeline.orchestration.metadata import (
    counts_table,
    generators,
    preview,
    scenarios,
    spending,
)
from claimsim_pipeline.orchestration.names import Measure
from claimsim_pipeline.orchestration.publishing import Ledger
from claimsim_pipeline.orchestration.staging import Staged

if TYPE_CHECKING:
    from claimsim_pipeline.simulation.record import RunRecord

PLOTTED_ROWS = 20_000
_PLOTTED = ("due_at", "is_fraud", "risk_score", "amount_claimed", "peer_p90")


def describe_published(context: dg.AssetExecutionContext, staged: Staged, ledger: Ledger) -> None:
    """The numbers of each window, on its own event."""
    for batch in staged.batches:
        for key, frame in batch.windows():
            start = frame["window_start"].iloc[0].to_pydatetime()
            fraudulent = int(frame["is_fraud"].sum())
            told = {
                Measure.PARTITION_ROWS: len(frame),
                Measure.INSERTED: ledger.inserted[start],
                Measure.FRAUDULENT: fraudulent,
                Measure.FRAUD_RATIO: round(fraudulent / len(frame), 4),
            }
            context.add_asset_metadata(told, partition_key=key)


def run_metadata(staged: Staged, record: "RunRecord", ledger: Ledger) -> Mapping[str, Any]:
    """The run as a whole."""
    from claimsim_pipeline.insight.scorecard import RunningScorecard

    card = RunningScorecard()
    for batch in staged.batches:
        card.add(batch.frame)
    return {
        Measure.FRAUD_TARGET: record.spec.fraud_ratio,
        Measure.REMOVED: ledger.removed,
        **({Measure.WORST_LATENESS: round(record.worst_lateness, 3)} if ledger.live else {}),
        **spending(record.spending),
        "claims by generator": counts_table(generators(staged), "generator"),
        "frauds by scenario": counts_table(scenarios(staged), "scenario"),
        **answers(card.total()),
        "newest claims": preview(staged.batches[-1], record.timezone),
    }


def plots(staged: Staged, timezone: str) -> Mapping[str, dg.MarkdownMetadataValue]:
    """The run's plots, over its newest claims where there are too many.

    Needs nothing but the claims, so that it can be done beside other work.
    """
    import pandas as pd

    from claimsim_pipeline.insight.plots import run_plots

    frames, rows = [], 0
    for batch in reversed(staged.batches):
        frames.append(batch.frame[list(_PLOTTED)])
        rows += len(batch.frame)
        if rows >= PLOTTED_ROWS:
            break
    claims = pd.concat(reversed(frames), ignore_index=True).tail(PLOTTED_ROWS)
    images = run_plots(claims, timezone)
    return {title: dg.MetadataValue.md(image) for title, image in images.items()}
