"""Plots of simulated claims: SVG text, the same bytes for the same claims.

Drawn on figures of their own (never pyplot's), so that a server thread shares no
state with another. matplotlib is imported by the first plot, not by this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from claimsim_pipeline.insight.svg import markdown_image, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 600

_LEFT, _BOTTOM, _RIGHT, _TOP = 0.66, 0.43, 0.08, 0.27  # margins in inches
_BINS = np.linspace(0.0, 1.0, 21)
_FEW_DECADES = 100  # highest over lowest amount


@dataclass(frozen=True)
class Ink:
    """Colours of a plot.

    Attributes:
        text: Labels and figures.
        line: Axes and the grid.
        calm: Claims that are nothing special.
        alarm: Claims that are.
    """

    text: str
    line: str
    calm: str
    alarm: str


PAPER = Ink(text="#37414f", line="#a9b2bf", calm="#5b7fa6", alarm="#b5452c")
"""For a white ground, whatever the page around it looks like."""


@dataclass(frozen=True)
class Words:
    """What is written on a plot.

    Attributes:
        across: Below the horizontal axis.
        up: Beside the vertical axis.
        calm: Names the calm colour.
        alarm: Names the other.
        decimal: The decimal sign; the other of comma and point parts thousands.
    """

    across: str
    up: str
    calm: str = ""
    alarm: str = ""
    decimal: str = "."

    def number(self, value: float, _position: float = 0) -> str:
        """As people write it here."""
        text = f"{value:,.10g}"
        return text if self.decimal == "." else text.translate(str.maketrans(",.", ".,"))

    def rupiah(self, amount: float, _position: float = 0) -> str:
        """Shortened: 2 jt where the decimal sign is a comma, 2 m elsewhere."""
        for scale, units in ((1e9, ("M", "bn")), (1e6, ("jt", "m")), (1e3, ("rb", "k"))):
            if amount >= scale:
                return f"{self.number(amount / scale)} {units[self.decimal == '.']}"
        return self.number(amount)


Groups = tuple[np.ndarray, np.ndarray]
"""Values of the calm claims, and of the others."""


def histogram(values: Groups, words: Words, ink: Ink, *, size: tuple[float, float]) -> Figure:
    """Counts of two groups of numbers from 0 to 1, one bar upon the other."""
    figure, axes = _canvas(size, words, ink)
    axes.hist(
        list(values),
        bins=_BINS.tolist(),
        stacked=True,
        color=[ink.calm, ink.alarm],
        label=[words.calm, words.alarm], rwidth=0.9,
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(words.number)
    _whole_numbers(axes, words)
    _legend(axes, words, ink)
    return figure


def against_peers(
    calm: pd.DataFrame, alarm: pd.DataFrame, words: Words, ink: Ink, *, size: tuple[float, float]
) -> Figure:
    """Amounts over the 90 % quantile of their peers, both logarithmic.

    Args:
        calm: `peer_p90` and `amount_claimed` of the calm claims.
        alarm: The same of the others.
        words: Labels.
        ink: Colours.
        size: In inches.
    """
    figure, axes = _canvas(size, words, ink)
    groups = ((calm, ink.calm, words.calm), (alarm, ink.alarm, words.alarm))
    for claims, colour, label in groups:
        seen = _spread(_positive(claims))
        axes.scatter(seen["peer_p90"], seen["amount_claimed"], s=9, color=colour, lw=0, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _equality(axes, ink)
    _rupiah_ticks(axes, words)
    _legend(axes, words, ink)
    return figure


def per_minute(
    due: pd.Series, zone: ZoneInfo, words: Words, ink: Ink, *, size: tuple[float, float]
) -> Figure:
    """Claims that fall due in each minute (or hour, of a long run)."""
    figure, axes = _canvas(size, words, ink)
    moments = due.dropna().dt.tz_convert(str(zone)).dt.tz_localize(None)
    if len(moments):
        long = moments.max() - moments.min() > pd.Timedelta(hours=6)
        counts = moments.dt.floor("h" if long else "min").value_counts().sort_index()
        width = 0.9 / (24 if long else 1440)
        axes.bar(_days(counts.index), counts.to_numpy(), width=width, color=ink.calm)
        _clock_labels(axes, counts.index, "%d/%m %H:%M" if long else "%H:%M")
    _whole_numbers(axes, words)
    return figure


def run_plots(claims: pd.DataFrame, timezone: str) -> Mapping[str, str]:
    """The plots of a run as Markdown images, for a user interface.

    Args:
        claims: Scored claims with `is_fraud`, `due_at` and `peer_p90`.
        timezone: IANA name, of the times on the axis.

    Returns:
        Markdown by title.
    """
    size, fraud = (5.6, 2.6), claims["is_fraud"].to_numpy(dtype=bool, na_value=False)
    risk = claims["risk_score"].to_numpy(dtype=np.float64, na_value=0.0)
    drawn = {
        "risk by truth": histogram(
            (risk[~fraud], risk[fraud]),
            Words("risk score", "claims", "honest", "fraud"),
            PAPER,
            size=size,
        ),
        "claims per minute": per_minute(
            claims["due_at"], ZoneInfo(timezone), Words("due", "claims"), PAPER, size=size
        ),
        "amounts against peers": against_peers(
            claims[~fraud],
            claims[fraud],
            Words("90th percentile of the peers (Rp)", "claimed (Rp)", "honest", "fraud"),
            PAPER,
            size=size,
        ),
    }
    return {title: markdown_image(svg(figure), title) for title, figure in drawn.items()}


def _canvas(size: tuple[float, float], words: Words, ink: Ink) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)  # fixed margins: a layout engine would double the time
    figure.patch.set_visible(False)
    axes = figure.add_axes(_within(*size))
    axes.patch.set_visible(False)
    axes.set_xlabel(words.across, color=ink.text, fontsize=9)
    axes.set_ylabel(words.up, color=ink.text, fontsize=9)
    axes.tick_params(colors=ink.text, labelsize=8, length=0, which="both")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(ink.line)
    axes.grid(axis="y", color=ink.line, lw=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def _within(width: float, height: float) -> tuple[float, float, float, float]:
    """The place of the axes in a figure, as shares of it: left, bottom, width, height."""
    across, up = width - _LEFT - _RIGHT, height - _BOTTOM - _TOP
    return _LEFT / width, _BOTTOM / height, across / width, up / height


def _legend(axes: Axes, words: Words, ink: Ink) -> None:
    if words.calm:
        axes.legend(
            frameon=False, fontsize=8, labelcolor=ink.text, loc="lower left", ncols=2,
            bbox_to_anchor=(0, 1), borderaxespad=0.2, handlelength=1, borderpad=0,
        )  # fmt: skip


def _whole_numbers(axes: Axes, words: Words) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(words.number)


def _equality(axes: Axes, ink: Ink) -> None:
    """The line on which a claim costs as much as nine in ten of its peers."""
    from matplotlib.lines import Line2D

    low, high = zip(axes.get_xlim(), axes.get_ylim(), strict=True)
    ends = [min(low), max(high)]
    axes.add_line(Line2D(ends, ends, color=ink.text, lw=0.8, ls=(0, (4, 3))))


def _positive(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims that a logarithm can show; none where the base knows no peers."""
    pair = claims.reindex(columns=["peer_p90", "amount_claimed"]).astype("float64")
    return pair[(pair > 0).all(axis="columns")]


def _spread(claims: pd.DataFrame) -> pd.DataFrame:
    """At most so many points, evenly over the range of amounts: always the same ones."""
    if len(claims) <= MOST_POINTS:
        return claims
    ordered = claims.sort_values(["amount_claimed", "peer_p90"], kind="stable")
    return ordered.iloc[np.linspace(0, len(ordered) - 1, MOST_POINTS).astype(np.intp)]


def _rupiah_ticks(axes: Axes, words: Words) -> None:
    """Powers of ten are named, and what lies between them where there are few."""
    from matplotlib.ticker import LogLocator

    limits = ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
    for axis, (low, high) in limits:
        if high < _FEW_DECADES * low:
            axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axis.set_major_formatter(words.rupiah)
        axis.set_minor_formatter("")


def _days(moments: Any) -> list[float]:
    """Days since the epoch: the ticks are named by hand, so plain numbers will do."""
    seconds = moments.to_numpy().astype("datetime64[s]").astype(np.float64)
    return list(seconds / 86_400)


def _clock_labels(axes: Axes, moments: Any, pattern: str) -> None:
    """At most five of the bars are named, first and last among them."""
    picked = np.unique(np.linspace(0, len(moments) - 1, 5).round().astype(np.intp))
    named = moments[picked]
    axes.set_xticks(_days(named), named.strftime(pattern).tolist())
