"""The quality snapshot of a refresh: what the riskiest claims look like, for a dashboard.

A snapshot is one JSON file per refresh; beside them lies their summary, computed from the files
that are there. Names and fields are read by dashboards and are fixed. A tally sees the scored feed
chunk by chunk and keeps sums and the top k only, so a refresh of millions stays small.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from claimsim_pipeline.insight.json_file import write_json

PREFIX = "ml_scores_qc_"
SUMMARY = "ml_scores_qc_summary.json"

RECORD = (
    "claim_id",
    "province_name",
    "severity_group",
    "risk_score",
    "rule_score",
    "ml_score_normalized",
    "amount_claimed",
    "los",
    "duplicate_pattern",
    "flags",
)
_RANK = ["risk_score", "ml_score_normalized", "claim_id"]


class QualityTally:
    """Sums over the scored feed and its top k by risk score; call it with every chunk."""

    def __init__(self, top_k: int) -> None:
        """A tally that has seen nothing yet."""
        self.top_k = top_k
        self.rows = 0
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._counts: Counter[str] = Counter()
        self._top = pd.DataFrame()

    def __call__(self, scored: pd.DataFrame) -> None:
        """Take a chunk of claims with their scores into account."""
        self.rows += len(scored)
        for name, values in _measures(scored).items():
            known = values[np.isfinite(values)]
            self._sums[name] += float(known.sum())
            self._counts[name] += len(known)
        self._keep_top(scored)

    def snapshot(self, taken_at: datetime) -> dict[str, Any]:
        """The snapshot as it is written: `summary` and `top_records`."""
        top = self._ranked_top()
        best = {name: _mean(values) for name, values in _measures(top).items()}
        whole = {name: _ratio(self._sums[name], self._counts[name]) for name in _MEASURES}
        summary = {
            "timestamp": taken_at.astimezone(UTC).isoformat(),
            "total_rows": self.rows,
            "top_k": self.top_k,
            "amount_claimed_mean": whole["amount_claimed"],
            "amount_claimed_top_k_mean": best.get("amount_claimed"),
            "cost_zscore_mean": whole["cost_zscore"],
            "cost_zscore_top_k_mean": best.get("cost_zscore"),
            "los_le_1_ratio": whole["los_le_1"],
            "los_le_1_ratio_top_k": best.get("los_le_1"),
            "risk_score_top_k_mean": best.get("risk_score"),
            "ml_score_top_k_mean": best.get("ml_score"),
        }
        return {"summary": summary, "top_records": _records(top)}

    def write(self, folder: Path, taken_at: datetime) -> Path:
        """Write the snapshot and renew the summary of all snapshots in the folder."""
        stamp = taken_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = folder / f"{PREFIX}{stamp}.json"
        write_json(path, self.snapshot(taken_at))
        write_json(folder / SUMMARY, summarize(read_snapshots(folder)))
        return path

    def _keep_top(self, scored: pd.DataFrame) -> None:
        if self.top_k <= 0 or scored.empty:
            return
        risk = scored["risk_score"].to_numpy(dtype=np.float64, na_value=-1.0)
        if len(risk) > self.top_k:
            least = np.partition(risk, -self.top_k)[-self.top_k]
            scored = scored[risk >= least]
        self._top = _ranked(pd.concat([self._top, scored], ignore_index=True)).head(self.top_k)

    def _ranked_top(self) -> pd.DataFrame:
        return self._top.reset_index(drop=True)


def read_snapshots(folder: Path) -> list[dict[str, Any]]:
    """The snapshots of a folder, oldest first; files that are no snapshots are passed over."""
    found = []
    for path in sorted(folder.glob(f"{PREFIX}[0-9]*.json")):
        try:
            snapshot = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(snapshot, dict) and {"summary", "top_records"} <= snapshot.keys():
            found.append(snapshot)
    return found


def summarize(snapshots: list[dict[str, Any]]) -> dict[str, Any]:
    """The aggregate over all snapshots, oldest first."""
    summaries = [snapshot["summary"] for snapshot in snapshots]
    records = [record for snapshot in snapshots for record in snapshot["top_records"]]
    return {
        "total_snapshots": len(snapshots),
        "latest_snapshot": summaries[-1] if summaries else None,
        "averages": _averages(summaries),
        "top_severity_in_top_k": _most_common(r.get("severity_group") for r in records),
        "top_province_in_top_k": _most_common(r.get("province_name") for r in records),
        "top_flags_in_top_k": _most_common(f for r in records for f in r.get("flags") or []),
        "snapshots": summaries,
    }


_MEASURES = ("amount_claimed", "cost_zscore", "los_le_1", "risk_score", "ml_score")


def _measures(scored: pd.DataFrame) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    plain = [name for name in _MEASURES if name in scored.columns]
    values = {name: scored[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in plain}
    if "los" in scored.columns:
        los = scored["los"].to_numpy(dtype=np.float64, na_value=np.nan)
        values["los_le_1"] = np.where(np.isnan(los), np.nan, los <= 1)
    return values


def _ranked(claims: pd.DataFrame) -> pd.DataFrame:
    order = [name for name in _RANK if name in claims.columns]
    return claims.sort_values(order, ascending=[name == "claim_id" for name in order])


def _records(top: pd.DataFrame) -> list[dict[str, Any]]:
    shown = top.reindex(columns=list(RECORD))
    return [{str(k): _plain(v) for k, v in row.items()} for row in shown.to_dict("records")]


def _plain(value: Any) -> Any:
    """A JSON value; whatever is missing or infinite is null."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [str(item) for item in value]
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    known = values[np.isfinite(values)]
    return _ratio(float(known.sum()), len(known))


def _ratio(total: float, count: int) -> float | None:
    return total / count if count else None


def _averages(summaries: list[dict[str, Any]]) -> dict[str, float | None]:
    names = [name for name in (summaries[-1] if summaries else {}) if name != "timestamp"]
    averages = {}
    for name in names:
        known = [s[name] for s in summaries if isinstance(s.get(name), (int, float))]
        averages[name] = _ratio(float(sum(known)), len(known))
    return averages


def _most_common(names: Any) -> list[list[Any]]:
    counts = Counter(name for name in names if name)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [[name, count] for name, count in ranked[:10]]
