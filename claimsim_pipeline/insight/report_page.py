"""The page as text: one file, everything in it, nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from claimsim_pipeline.insight.report_charts import charts
from claimsim_pipeline.insight.report_rows import page_rows
from claimsim_pipeline.insight.report_texts import Texts, template
from claimsim_pipeline.insight.scorecard import ALARM, Scorecard, Tally

_GAP = re.compile(r"\{\{(\w+)\}\}")
_ROW = "<tr>{}</tr>"


@dataclass(frozen=True)
class Content:
    """What the page shows.

    Attributes:
        claims: Rows of the high-risk feed with `due_at`, `narrative`; with the
            truth also `is_fraud` and `fraud_scenario`.
        scores: `risk_score` and `flags` of every simulated claim.
        total: How many simulated claims there are.
        newest: When the newest of them was due.
        database: Its file name.
        card: The scorecard, if it was asked for.
        with_truth: Whether scenarios are shown.
    """

    claims: pd.DataFrame
    scores: pd.DataFrame
    newest: datetime | None
    database: str
    card: Scorecard | None
    with_truth: bool

    @property
    def total(self) -> int:
        """How many simulated claims there are."""
        return len(self.scores)


def page(content: Content, texts: Texts, *, now: datetime, zone: ZoneInfo) -> str:
    """The whole page.

    Args:
        content: What it shows.
        texts: Of the language.
        now: When it is made.
        zone: Of the times on it.
    """
    css, js = template("report.css").strip(), template("report.js").strip()
    made = f"{_moment(now, zone)} {now.astimezone(zone):%Z}"
    gaps = {
        **{name: _text(value) for name, value in texts.words.items() if isinstance(value, str)},
        "lang": texts.language,
        "csp": _policy(css, js),
        "subtitle": _text(texts.filled(texts["subtitle"], made, content.database)),
        "css": css,
        "js": js,
        "facts": _facts(content, texts, zone),
        "charts": _charts(content, texts),
        "scorecard": "" if content.card is None else _scorecard(content.card, texts),
        "data": _json(_data(content, texts, zone)),
    }
    return _GAP.sub(lambda gap: gaps[gap[1]], template("report.html"))


def _data(content: Content, texts: Texts, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "locale": texts["locale"],
        "words": texts["words"],
        "alarm": ALARM,
        "length": len(content.claims),
        "total": content.total,
        "columns": page_rows(content.claims, zone),
    }


def _policy(css: str, js: str) -> str:
    """A content security policy under which only these two texts count, and no address."""
    return (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(js)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(value: Any) -> str:
    """JSON that cannot end its script element, whatever a name holds."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _facts(content: Content, texts: Texts, zone: ZoneInfo) -> str:
    risk = content.scores["risk_score"].to_numpy(dtype=np.float64, na_value=0.0)
    alarmed, total = int((risk >= ALARM).sum()), content.total
    flagged = content.scores["flags"].explode().dropna().index.nunique()
    say = texts["facts"]
    share = f" <small>{texts.percent(alarmed / total)}</small>" if total else ""
    facts = {
        say["total"]: texts.number(total),
        texts.filled(say["alarmed"], texts.number(ALARM, 1)): texts.number(alarmed) + share,
        say["claimed"]: texts.rupiah(_at_risk(content.claims)),
        say["flagged"]: texts.number(flagged),
        say["newest"]: _moment(content.newest, zone),
    }
    return "".join(f"<div><dt>{_text(name)}</dt><dd>{v}</dd></div>" for name, v in facts.items())


def _at_risk(claims: pd.DataFrame) -> float:
    risk = claims["risk_score"].to_numpy(dtype=np.float64, na_value=0.0)
    amounts = claims["amount_claimed"].to_numpy(dtype=np.float64, na_value=0.0)
    return float(amounts[risk >= ALARM].sum())


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return "–" if moment is None else moment.astimezone(zone).strftime("%d/%m/%Y %H:%M")


def _charts(content: Content, texts: Texts) -> str:
    if content.claims.empty:
        return ""
    risk = content.scores["risk_score"]
    if content.with_truth:
        risk = risk.set_axis(pd.Index(content.scores["is_fraud"].fillna(False).astype(bool)))
    drawn = charts(content.claims, risk, texts, by_truth=content.with_truth)
    return drawn + _flags(content.scores["flags"], texts)


def _flags(flags: pd.Series, texts: Texts) -> str:
    counts = Counter(flags.explode().dropna().value_counts().to_dict())
    most = max(counts.values(), default=1)
    names, meanings = texts["words"]["flags"], texts["meanings"]
    lines = "".join(
        f'<span class="name">{_text(names.get(flag, flag))}'
        f"<small>{_text(meanings.get(flag, ''))}</small></span>"
        f'<meter min="0" max="{most}" value="{count}"></meter><span>{texts.number(count)}</span>'
        for flag, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    title = _text(texts["charts"]["flags"])
    return f'<div class="card"><h2>{title}</h2><div class="flags">{lines}</div></div>'


def _scorecard(card: Scorecard, texts: Texts) -> str:
    say = texts["scorecard"]
    total = card.total
    counts = (total.planted, total.caught, total.false_alarms)
    line = texts.filled(say["line"], *(texts.number(count) for count in counts))
    head = _ROW.format(
        "".join(
            f'<th scope="col" class="{"number" if n else ""}">{_text(name)}</th>'
            for n, name in enumerate(say["group"])
        )
    )
    tallies = ((say["all"], total), *((_named(t, texts), t) for t in card.by_service))
    tallies += tuple((_named(t, texts), t) for t in card.by_scenario)
    rows = "".join(_tally(name, tally, texts) for name, tally in tallies)
    return (
        f'<section class="card charts-wide"><h2>{_text(say["title"])}</h2><p>{_text(line)}</p>'
        f'<div class="scroll"><table class="plain" id="scorecard"><thead>{head}</thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _named(tally: Tally, texts: Texts) -> str:
    words = texts["words"]
    if tally.name == "honest":
        return str(words["honest"])
    return str(words["scenarios"].get(tally.name, tally.name))


def _tally(name: str, tally: Tally, texts: Texts) -> str:
    share = tally.caught_share
    shown = [texts.number(n) for n in (tally.claims, tally.planted, tally.caught)]
    shown += ["–" if share is None else texts.percent(share)]
    shown += [texts.number(tally.false_alarms)]
    cells = "".join(f'<td class="number">{value}</td>' for value in shown)
    return _ROW.format(f"<td>{_text(name)}</td>{cells}")


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
