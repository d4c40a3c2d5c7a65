"""The page of high-risk claims: read the store, write one HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import pandas as pd

from claimsim_pipeline.insight.json_file import write_text
from claimsim_pipeline.insight.report_page import Content, page
from claimsim_pipeline.insight.report_texts import Texts
from claimsim_pipeline.insight.scorecard import joined, scorecard

LIMIT = 5_000


@dataclass(frozen=True)
class Showing:
    """What the page is to show.

    Attributes:
        limit: Most claims on the page, riskiest first.
        language: `id` or `en`.
        truth: The scenario of each claim, from the answer sheet.
        scorecard: Planted, caught and false alarms.
    """

    limit: int = LIMIT
    language: str = "id"
    truth: bool = False
    scorecard: bool = False


PLAIN = Showing()


class ReportStore(Protocol):
    """What the page reads of the database."""

    path: Path

    def counts(self) -> dict[str, int]:
        """Rows of each table that exists."""

    def high_risk(self, limit: int, *, simulated_only: bool = False) -> pd.DataFrame:
        """The first rows of `claims_high_risk`."""

    def scores(self) -> pd.DataFrame:
        """`claims_live_scores`."""

    def truth(self) -> pd.DataFrame:
        """`claims_live_truth`."""

    def stream(self) -> pd.DataFrame:
        """`claims_live_stream`."""


def report_path(home: Path) -> Path:
    """Where the page lies."""
    return home / "reports" / "high_risk.html"


def write_report(
    store: ReportStore,
    home: Path,
    *,
    now: datetime,
    timezone: str,
    showing: Showing = PLAIN,
) -> Path:
    """Write the page, whole or not at all.

    Only simulated claims are on it, so that it can say that every row is fictional.

    Args:
        store: The database.
        home: `SIM_HOME`.
        now: For the page's date.
        timezone: IANA name, of the times on the page.
        showing: How much of it, and in which language.

    Returns:
        Where the page is.

    Raises:
        FolderNotWritable: The folder cannot be written to; an older page stays.
    """
    content = _read(store, showing)
    path = report_path(home)
    write_text(path, page(content, Texts.of(showing.language), now=now, zone=ZoneInfo(timezone)))
    return path


def _read(store: ReportStore, showing: Showing) -> Content:
    if "claims_live_truth" not in store.counts():
        return Content(_nothing(), _nothing(), None, store.path.name, None, showing.truth)
    truth, scores = store.truth(), store.scores()
    sheet = truth[["claim_id", "due_at", "is_fraud", "fraud_scenario"]]
    hidden = [] if showing.truth else ["is_fraud", "fraud_scenario"]
    shown = sheet.drop(columns=hidden)
    claims = store.high_risk(showing.limit, simulated_only=True)
    claims = claims.drop(columns=[n for n in ("narrative", *shown.columns[1:]) if n in claims])
    card = scorecard(joined(truth, scores, store.stream())) if showing.scorecard else None
    newest = truth["due_at"].max()
    return Content(
        claims.merge(scores[["claim_id", "narrative"]], on="claim_id", how="left").merge(
            shown, on="claim_id", how="left"
        ),
        scores.merge(shown, on="claim_id", how="left"),
        None if pd.isna(newest) else newest.to_pydatetime(),
        store.path.name,
        card,
        showing.truth,
    )


def _nothing() -> pd.DataFrame:
    """No claims, in the columns that the page asks for."""
    moments = pd.Series([], dtype="datetime64[us, UTC]")
    numbers = pd.Series([], dtype="float64")
    texts = pd.Series([], dtype="object")
    return pd.DataFrame(
        {
            "claim_id": texts,
            "due_at": moments,
            "amount_claimed": numbers,
            "risk_score": numbers,
            "flags": texts,
            "is_fraud": pd.Series([], dtype="bool"),
        }
    )
