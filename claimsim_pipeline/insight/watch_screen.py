"""A picture of the stream on a terminal of any width, or as plain lines."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    JustifyMethod,
    RenderableType,
    RenderResult,
)
from rich.table import Table
from rich.text import Text

from claimsim_pipeline.insight.printable import printable
from claimsim_pipeline.insight.scorecard import ALARM
from claimsim_pipeline.insight.watch import Picture, watched_on

_FLAGS = {
    "short_stay_high_cost": ("S", "short-costly"),
    "severity_mismatch": ("M", "mild-costly"),
    "duplicate_pattern": ("D", "duplicate"),
    "high_cost_full_paid": ("H", "costly-paid"),
}
LEGEND = " · ".join(map(" ".join, _FLAGS.values()))
_WIDE, _ROOMY = 137, 80
_NUMBERS = frozenset({"Rp", "LOS", "risk"})


def _layout(width: int) -> dict[str, int]:
    """The columns that fit a width, each with its most characters."""
    spare = width - _WIDE
    if spare >= 0:
        wide = {"time": 8, "claim": 16, "facility": 20 + spare // 2, "province": 10 + spare // 2}
        return {**wide, "dx": 3, "Rp": 11, "LOS": 3, "risk": 4, "flags": 46}  # all four of them
    spare = width - _ROOMY
    if spare >= 0:
        roomy = {"time": 8, "claim": 16, "facility": 16 + spare}
        return {**roomy, "dx": 3, "Rp": 11, "LOS": 3, "risk": 4, "SMDH": 4}
    return {"at": 5, "claim": 16, "facility": max(width - 50, 6), "Rp": 11, "risk": 4, "SMDH": 4}


def claims_table(claims: pd.DataFrame, zone: ZoneInfo, width: int) -> Table:
    """Claims with flags and risk, a line each, in the columns that fit the width."""
    layout = _layout(width)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, most in layout.items():
        justify: JustifyMethod = "right" if name in _NUMBERS else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", max_width=most)
    for claim in claims.to_dict("records"):
        cells = _cells(claim, zone)
        table.add_row(*(cells[name] for name in layout))
    return table


class Screen:
    """Draws itself as wide and as tall as the terminal is at the moment.

    Args:
        picture: What is known.
        now: For ages.
        zone: Of the times.
        keys: Whether `q` ends it.
    """

    def __init__(self, picture: Picture, now: datetime, zone: ZoneInfo, *, keys: bool) -> None:
        self._picture = picture
        self._now = now
        self._zone = zone
        self._keys = keys

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines: counts, trouble if there is any, claims."""
        head = [
            Text("claimsim watch · every row is fictional", style="bold", no_wrap=True),
            Text(summary(self._picture, self._now), overflow="fold"),
        ]
        if self._picture.trouble:
            trouble = self._picture.trouble
            told = watched_on(trouble) if self._keys else trouble
            head.append(Text(safe(told), style="yellow"))
        used = sum(1 + len(line) // max(options.max_width, 1) for line in head) + 4
        room = max((options.height or console.height) - used, 1)
        parts: list[RenderableType] = [*head, Text(""), self._claims(options.max_width, room)]
        if options.max_width < _WIDE and self._picture.newest_at is not None:
            parts.append(Text(LEGEND, style="dim", no_wrap=True, overflow="ellipsis"))
        if self._keys:
            parts.append(Text("q or Ctrl-C ends", style="dim"))
        yield Group(*parts)

    def _claims(self, width: int, rows: int) -> RenderableType:
        claims = self._picture.claims
        if claims is None or claims.empty:
            return Text("Waiting for claims. Start some: claimsim simulate")
        return claims_table(claims.head(rows), self._zone, width)


def summary(picture: Picture, now: datetime) -> str:
    """Counts, rate and lag in a line."""
    if picture.seen_at is None:
        return "Nothing has been read yet."
    if picture.total is None:
        return "There is no stream in this database yet."
    told = [f"{picture.total:,} claims"]
    if picture.claims is not None and not picture.claims.empty:
        risk = pd.to_numeric(picture.claims["risk_score"]).fillna(0.0)
        told.append(f"{int((risk >= ALARM).sum())} of the last {len(risk)} at risk ≥ {ALARM}")
    told.append(f"{picture.per_minute(now):.1f}/min")
    if picture.newest_at is not None:
        told.append(f"newest {age((now - picture.newest_at).total_seconds())} ago")
        told.append(f"lag {picture.lag():.1f} s")
    return " · ".join(told)


def line(claim: Mapping[Hashable, Any], zone: ZoneInfo) -> str:
    """A claim as a plain line, for pipes and files."""
    cells = {name: text.plain for name, text in _cells(claim, zone, brief=False).items()}
    names = ("time", "claim", "facility", "province", "dx", "Rp", "LOS", "risk", "flags")
    return "\t".join(cells[name] for name in names)


def age(seconds: float) -> str:
    """A span of time in the largest unit that fits."""
    seconds = max(seconds, 0.0)
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def safe(value: object) -> str:
    """A value as printable text; nothing for what is unknown."""
    return "" if _unknown(value) else printable(str(value))


def _cells(claim: Mapping[Hashable, Any], zone: ZoneInfo, *, brief: bool = True) -> dict[str, Text]:
    """Texts, never markup: a name with brackets stays a name."""
    risk = claim.get("risk_score")
    score = 0.0 if _unknown(risk) else float(str(risk))
    flags = [] if _unknown(claim.get("flags")) else [safe(flag) for flag in claim["flags"]]
    moment = claim["published_at"].tz_convert(str(zone))
    return {
        "time": Text(moment.strftime("%H:%M:%S" if brief else "%Y-%m-%dT%H:%M:%S%z")),
        "at": Text(moment.strftime("%H:%M")),
        "claim": Text(safe(claim["claim_id"])),
        "facility": Text(safe(claim.get("facility_name"))),
        "province": Text(safe(claim.get("province_name"))),
        "dx": Text(safe(claim.get("dx_primary_code"))),
        "Rp": Text(_amount(claim.get("amount_claimed"), brief=brief)),
        "LOS": Text(safe(claim.get("los"))),
        "risk": Text(f"{score:.2f}", style="bold red" if score >= ALARM else ""),
        "SMDH": Text("".join(_FLAGS[flag][0] for flag in _FLAGS if flag in flags)),
        "flags": Text(
            " ".join(_FLAGS.get(f, (f, f))[1] for f in flags) if brief else ",".join(flags)
        ),
    }


def _amount(amount: object, *, brief: bool) -> str:
    if _unknown(amount):
        return ""
    value = float(str(amount))
    return f"{value:,.0f}" if brief else f"{value:.0f}"


def _unknown(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value
