"""Asset checks: cheap looks at what was just published, with severities."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from claimsim_pipeline.claims.columns import IDENTIFIERS
from claimsim_pipeline.orchestration.names import (
    CLAIMS_LIVE_STREAM,
    CLAIMS_ML_SCORES,
    CLAIMS_NORMALIZED,
)
from claimsim_pipeline.orchestration.staging import Batch, Staged

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from claimsim_pipeline.orchestration.resources import AnalyticsDatabase

_STREAM_CHECKS = {
    "contract_schema": "The stream has exactly the columns of claims_normalized, in order.",
    "invariants": "No published claim contradicts itself.",
    "unique_ids": "Each published claim is in the stream once.",
    "truth_complete": "Each published claim has its scores and its line of the answer sheet.",
    "fraud_ratio": "The share of fraud is within the 99.9 % binomial interval of the target.",
    "no_base_identifiers": "No published claim carries an identifier of claims_normalized.",
}
_Finding = tuple[bool, dict[str, Any]]
_WARN = {"fraud_ratio"}
MOST_CHECKED = 2_000
"""Claims of a run that are held against the invariants, the newest first."""

COVERS_FEED = "covers_feed"


def stream_checks() -> Sequence[dg.AssetCheckSpec]:
    """The checks of ``claims_live_stream``; they run within its own step."""
    return [
        dg.AssetCheckSpec(name, asset=CLAIMS_LIVE_STREAM, description=text)
        for name, text in _STREAM_CHECKS.items()
    ]


def cache_checks() -> Sequence[dg.AssetCheckSpec]:
    """The check of ``claims_ml_scores``."""
    text = "The cache has one row for every claim of the feed, as of this refresh."
    return [dg.AssetCheckSpec(COVERS_FEED, asset=CLAIMS_ML_SCORES, description=text)]


def checked(
    staged: Staged, database: "AnalyticsDatabase", now: datetime
) -> Sequence[dg.AssetCheckResult]:
    """The results for the claims that a run has just published: those due by ``now``."""
    found = {"fraud_ratio": _fraud_ratio(staged)}
    with database.reading() as connection:
        found["contract_schema"] = _contract_schema(connection)
        found["invariants"] = _invariants(connection, staged)
        found |= _in_tables(connection, staged, now)
    return [_result(CLAIMS_LIVE_STREAM, name, *found[name]) for name in _STREAM_CHECKS]


def cache_checked(database: "AnalyticsDatabase", rows: int) -> dg.AssetCheckResult:
    """Whether the table of scores covers the feed, as the refresh left it."""
    query = (
        "SELECT (SELECT count(*) FROM claims_ml_scores), (SELECT count(*) FROM claims_ml_scores "
        "ANTI JOIN (SELECT claim_id FROM claims_feed) USING (claim_id))"
    )
    with database.reading() as connection:
        ((table, strangers),) = connection.execute(query).fetchall()
    told = {"rows": rows, "table rows": table, "rows without a claim": strangers}
    return _result(CLAIMS_ML_SCORES, COVERS_FEED, table == rows and strangers == 0, told)


def _fraud_ratio(staged: Staged) -> _Finding:
    """Each batch against the interval of its own target."""
    verdicts = [_within(batch) for batch in staged.batches]
    worst = min(verdicts, key=lambda verdict: verdict[0])
    return all(verdict[0] for verdict in verdicts), worst[1]


def _within(batch: Batch) -> _Finding:
    target, claims = batch.choices.spec.fraud_ratio, len(batch.frame)
    margin = 3.29 * math.sqrt(target * (1 - target) / claims) + 1 / claims
    share = float(batch.frame["is_fraud"].mean())
    told = {"share": share, "target": target, "margin": margin, "claims": claims}
    return abs(share - target) <= margin, told


def _invariants(connection: "duckdb.DuckDBPyConnection", staged: Staged) -> _Finding:
    """The newest claims against all invariants that hold for the base itself."""
    from claimsim_pipeline.claims.invariants import check

    newest = staged.batches[-1].frame["claim_id"].iloc[-MOST_CHECKED:].tolist()
    report = check(connection, claim_ids=newest)
    broken = report[report["violations"] > 0]
    told = {
        "claims": len(newest),
        "invariants": int((report["checked"] > 0).sum()),
        "violations": int(report["violations"].sum()),
        "broken": "; ".join(f"{row.id} {row.rule}" for row in broken.itertuples()),
    }
    return broken.empty, told


def _contract_schema(connection: "duckdb.DuckDBPyConnection") -> _Finding:
    base, stream = (
        connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
        for table in (CLAIMS_NORMALIZED, CLAIMS_LIVE_STREAM)
    )
    differing = sorted({row[0] for row in {r[:2] for r in base} ^ {r[:2] for r in stream}})
    same = [row[:2] for row in base] == [row[:2] for row in stream]
    return same, {"columns": len(stream), "differing": ", ".join(differing)}


def _in_tables(
    connection: "duckdb.DuckDBPyConnection", staged: Staged, now: datetime
) -> dict[str, _Finding]:
    """What is due by now, held against the tables."""
    import pandas as pd

    names = list(dict.fromkeys(["claim_id", *IDENTIFIERS]))
    due = [b.frame.loc[b.frame["due_at"] <= pd.Timestamp(now), names] for b in staged.batches]
    batch = pd.concat(due, ignore_index=True)
    connection.register("__published", _arrow(batch))
    rows, distinct, scored, told = connection.execute(_COMPLETE).fetchall()[0]
    strangers = _shared(connection, names)
    return {
        "unique_ids": (rows == distinct == len(batch), {"rows": rows, "claims": len(batch)}),
        "truth_complete": (
            scored == told == rows,
            {"rows": rows, "without scores": rows - scored, "without truth": rows - told},
        ),
        "no_base_identifiers": (not any(strangers.values()), strangers),
    }


_COMPLETE = """
    SELECT count(*), count(DISTINCT s.claim_id), count(c.claim_id), count(t.claim_id)
    FROM claims_live_stream s
    SEMI JOIN __published p ON p.claim_id = s.claim_id
    LEFT JOIN claims_live_scores c ON c.claim_id = s.claim_id
    LEFT JOIN claims_live_truth t ON t.claim_id = s.claim_id
"""


def _shared(connection: "duckdb.DuckDBPyConnection", names: Sequence[str]) -> dict[str, int]:
    """How many published claims carry an identifier that the base has, too, by its column."""
    base = connection.execute(f"DESCRIBE SELECT * FROM {CLAIMS_NORMALIZED}").fetchall()
    there = {row[0].lower() for row in base} & set(names)
    known = [name for name in names if name in there]
    counts = (
        f"(SELECT count(*) FROM __published SEMI JOIN {CLAIMS_NORMALIZED} USING ({name}))"
        for name in known
    )
    (found,) = connection.execute(f"SELECT {', '.join(counts)}").fetchall()
    return dict.fromkeys(names, 0) | dict(zip(known, map(int, found), strict=True))


def _result(asset: str, name: str, passed: bool, told: dict[str, Any]) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if name in _WARN else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        asset_key=asset, check_name=name, passed=bool(passed), severity=severity, metadata=told
    )


def _arrow(frame: "pd.DataFrame") -> Any:
    from claimsim_pipeline.storage.frames import to_arrow

    return to_arrow(frame)
