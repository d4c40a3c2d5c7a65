"""Claims as a table on a terminal."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_ALARM = 0.7


def newest_claims(claims: pd.DataFrame, timezone: str) -> Table:
    """The newest claims with their flags and risk, one line each."""
    table = Table(title="Newest claims (fictional)", title_justify="left", box=None, pad_edge=False)
    for name in _HEADINGS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for claim in claims.to_dict("records"):
        table.add_row(*_cells(claim, ZoneInfo(timezone)))
    return table


_HEADINGS = ("time", "claim", "facility", "dx", "service", "LOS", "claimed Rp", "risk", "flags")
_NUMBERS = ("LOS", "claimed Rp", "risk")


def _cells(claim: Mapping[Hashable, Any], zone: ZoneInfo) -> list[str | Text]:
    risk = claim.get("risk_score")
    score = float(risk) if isinstance(risk, float) else 0.0
    return [
        _time(claim.get("due_at") or claim.get("generated_at"), zone),
        escape(str(claim["claim_id"])),
        escape(str(claim["facility_name"])[:28]),
        escape(str(claim["dx_primary_code"])),
        escape(str(claim["service_type"])),
        str(claim["los"]),
        f"{claim['amount_claimed']:,.0f}",
        Text(f"{score:.2f}", style="bold red" if score >= _ALARM else ""),
        escape(", ".join(map(str, _listed(claim.get("flags"))))),
    ]


def _time(instant: object, zone: ZoneInfo) -> str:
    if not isinstance(instant, pd.Timestamp):
        return ""
    return instant.tz_convert(zone).strftime("%H:%M:%S")


def _listed(flags: object) -> list[object]:
    return list(flags) if hasattr(flags, "__iter__") else []
