"""The page's charts: SVG whose colours are those of the page, light or dark."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from claimsim_pipeline.insight import plots
from claimsim_pipeline.insight.plots import Ink, Words
from claimsim_pipeline.insight.report_texts import Texts
from claimsim_pipeline.insight.scorecard import ALARM
from claimsim_pipeline.insight.svg import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK = Ink(text="#0a0b01", line="#0a0b02", calm="#0a0b03", alarm="#0a0b04")
_THEME = {
    _INK.text: "currentColor",
    _INK.line: "var(--line)",
    _INK.calm: "var(--calm)",
    _INK.alarm: "var(--alarm)",
}
_SIZE = (4.4, 2.1)
_NAMED = re.compile(r'(id="|url\(#|href="#)')


def charts(claims: pd.DataFrame, risk: pd.Series, texts: Texts, *, by_truth: bool) -> str:
    """Risk of all claims and amounts of the page's claims, as HTML figures.

    Args:
        claims: The page's rows.
        risk: Risk scores of every simulated claim; with the truth, indexed by it.
        texts: Of the page.
        by_truth: Whether colours tell the answer sheet's truth instead of the score.
    """
    say = texts["charts"]
    line = texts.number(ALARM, 1)
    calm, alarm = texts.filled(say["calm"], line), texts.filled(say["alarm"], line)
    if by_truth:
        calm, alarm = say["honest"], say["fraud"]
    scores = risk.to_numpy(dtype=np.float64, na_value=0.0)
    loud = risk.index.to_numpy(dtype=bool) if by_truth else scores >= ALARM
    words = Words(say["risk_axis"], say["claims"], calm, alarm, say["decimal"])
    first = plots.histogram((scores[~loud], scores[loud]), words, _INK, size=_SIZE)
    title = f"{say['risk']} ({texts.filled(say['risk_of'], texts.number(len(scores)))})"
    alarmed = _alarmed(claims, by_truth=by_truth)
    words = replace(words, across=say["amounts_axis"], up=say["claimed"])
    second = plots.against_peers(claims[~alarmed], claims[alarmed], words, _INK, size=_SIZE)
    return _figure(first, title, "a") + _figure(second, say["amounts"], "b")


def _alarmed(claims: pd.DataFrame, *, by_truth: bool) -> np.ndarray:
    if by_truth:
        return claims["is_fraud"].to_numpy(dtype=bool, na_value=False)
    return claims["risk_score"].to_numpy(dtype=np.float64, na_value=0.0) >= ALARM


def _figure(figure: Figure, title: str, prefix: str) -> str:
    drawing = _NAMED.sub(rf"\g<1>{prefix}", svg(figure))
    for colour, themed in _THEME.items():
        drawing = drawing.replace(colour, themed)
    told = html.escape(title, quote=True)
    labelled = drawing.replace("<svg ", f'<svg role="img" aria-label="{told}" ', 1)
    return f'<figure class="card"><figcaption>{told}</figcaption>{labelled}</figure>'
