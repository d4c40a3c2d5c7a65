"""A matplotlib figure as SVG text that a page may hold under a strict policy."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = re.compile(r' style="([^"]*)"')
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_SHEET = re.compile(r"\s*<style.*?</style>", re.DOTALL)


def svg(figure: Figure) -> str:
    """A figure as an `<svg>` element: no prologue, no style sheet, no inline styles.

    Styles become attributes, so that a page may forbid inline styles and give
    the colours itself.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    held = io.BytesIO()
    plain = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "claimsim"}):
        FigureCanvasSVG(figure).print_figure(held, format="svg", metadata=plain)
    text = _SHEET.sub("", _PROLOGUE.sub("", held.getvalue().decode()))
    text = re.sub(
        r' id="(?:axes|figure|patch|text|line2d|legend|[xy]tick|matplotlib)[^"]*"', "", text
    )
    plain_text = _STYLE.sub(lambda found: _attributes(found[1]), text).strip()
    return plain_text.replace("<svg ", '<svg font-family="system-ui, sans-serif" ', 1)


def markdown_image(drawing: str, title: str) -> str:
    """An SVG as Markdown that needs nothing else."""
    grounded = drawing.replace(">", '><rect width="100%" height="100%" fill="#ffffff"/>', 1)
    data = base64.b64encode(grounded.encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{data})"


def _attributes(style: str) -> str:
    pairs = (part.partition(":") for part in style.split(";") if ":" in part)
    return "".join(
        f' {name.strip()}="{value.strip()}"'
        for name, _, value in pairs
        if name.strip() != "font-family"
    )
