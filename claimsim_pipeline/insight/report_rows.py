"""Claims as the page's script wants them: one list per column, texts listed once."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from claimsim_pipeline.insight.printable import printable

_AS_THEY_ARE = {
    "claim_id": "claim_id",
    "facility_name": "facility",
    "facility_class": "facility_class",
    "province_name": "province",
    "dx_primary_code": "diagnosis",
    "dx_primary_label": "diagnosis_label",
    "service_type": "service",
    "severity_group": "severity",
    "los": "los",
    "amount_claimed": "claimed",
    "amount_paid": "paid",
    "peer_p90": "peer_p90",
    "risk_score": "risk",
    "rule_score": "rule_score",
    "ml_score_normalized": "ml_score",
    "flags": "flags",
    "narrative": "narrative",
    "fraud_scenario": "scenario",
}
_DIGITS = {"risk": 3, "rule_score": 3, "ml_score": 3, "times_p90": 2}
_UNIQUE = frozenset({"claim_id", "narrative", "time"})


def page_rows(claims: pd.DataFrame, zone: ZoneInfo) -> dict[str, Any]:
    """The columns of the page; those that the base lacks are left out.

    Args:
        claims: Rows of the high-risk feed, with `due_at` and perhaps
            `narrative` and `fraud_scenario`.
        zone: Of the times.
    """
    frame = claims.reset_index(drop=True)
    shown = frame[[name for name in _AS_THEY_ARE if name in frame]].rename(columns=_AS_THEY_ARE)
    moments = frame["due_at"].dt.tz_convert(str(zone))
    shown["time"] = moments.dt.strftime("%Y-%m-%d %H:%M:%S").astype("object")
    if "peer_p90" in shown:
        shown["times_p90"] = shown["claimed"] / shown["peer_p90"].where(shown["peer_p90"] > 0)
    return {str(name): _packed(str(name), shown[name]) for name in shown}


def _packed(name: str, column: pd.Series) -> Any:
    if name == "flags":
        return [
            [] if flags is None else [printable(str(flag)) for flag in flags] for flags in column
        ]
    if name not in _UNIQUE and not pd.api.types.is_numeric_dtype(column):
        codes, values = pd.factorize(column.astype("object"))
        return {"codes": codes.tolist(), "values": [printable(str(value)) for value in values]}
    if pd.api.types.is_numeric_dtype(column):
        return _numbers(column, _DIGITS.get(name, 0))
    return [None if pd.isna(value) else printable(str(value)) for value in column]


def _numbers(column: pd.Series, digits: int) -> list[float | int | None]:
    """Rounded, unknown ones and infinities as None: JSON has no words for them."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    rounded = np.round(values, digits)
    kept = (int(v) if digits == 0 and np.isfinite(v) else float(v) for v in rounded)
    return [value if np.isfinite(value) else None for value in kept]
