"""Plots are the same bytes for the same claims, and need nothing else."""

from __future__ import annotations

import base64
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.insight.plots import MOST_POINTS, PAPER, Words, against_peers, run_plots
from claimsim_pipeline.insight.svg import svg

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def claims(n: int, *, minutes: float = 5.0) -> pd.DataFrame:
    dice = np.random.default_rng(7)
    due = pd.to_datetime(START) + pd.to_timedelta(np.linspace(0, minutes * 60, n), unit="s")
    return pd.DataFrame(
        {
            "due_at": pd.Series(due).astype("datetime64[us, UTC]"),
            "is_fraud": dice.random(n) < 0.4,
            "risk_score": dice.random(n),
            "amount_claimed": dice.lognormal(12, 1, n),
            "peer_p90": dice.lognormal(12, 1, n),
        }
    )


def decoded(markdown: str) -> str:
    return base64.b64decode(markdown.partition("base64,")[2].rstrip(")")).decode()


@pytest.mark.parametrize("n", [0, 1, 30, 5_000])
def test_a_run_of_any_size_has_its_three_plots(n: int) -> None:
    plots = run_plots(claims(n), "Asia/Jakarta")
    assert list(plots) == ["risk by truth", "claims per minute", "amounts against peers"]
    for title, markdown in plots.items():
        assert markdown.startswith(f"![{title}](data:image/svg+xml;base64,")
        assert ET.fromstring(decoded(markdown)).tag.endswith("svg")  # noqa: S314 - our own text


@pytest.mark.slow
def test_the_same_claims_make_the_same_bytes() -> None:
    assert run_plots(claims(200), "Asia/Jakarta") == run_plots(claims(200), "Asia/Jakarta")


def test_times_are_those_of_the_timezone() -> None:
    text = decoded(run_plots(claims(30), "Asia/Jakarta")["claims per minute"])
    assert ">10:00<" in text
    assert ">10:05<" in text


def test_a_long_run_is_counted_by_the_hour() -> None:
    text = decoded(run_plots(claims(300, minutes=60 * 48), "Asia/Jakarta")["claims per minute"])
    assert ">01/03 10:00<" in text


def test_many_claims_make_no_heavy_plot() -> None:
    words = Words("x", "y", "calm", "alarm")
    many = claims(20_000)
    drawing = svg(against_peers(many, many.head(0), words, PAPER, size=(4, 2)))
    assert drawing.count("<use") <= MOST_POINTS + 40
    assert len(drawing) < 100_000


def test_amounts_close_to_each_other_have_figures_on_both_axes() -> None:
    near = pd.DataFrame({"peer_p90": [190e3, 390e3], "amount_claimed": [1.1e6, 2.1e6]})
    drawing = svg(against_peers(near, near, Words("x", "y"), PAPER, size=(4, 2)))
    assert ">200 k<" in drawing
    assert ">2 m<" in drawing


@pytest.mark.parametrize(
    ("amount", "english", "indonesian"),
    [
        (500, "500", "500"),
        (2e5, "200 k", "200 rb"),
        (1.5e6, "1.5 m", "1,5 jt"),
        (3e9, "3 bn", "3 M"),
    ],
)
def test_amounts_on_an_axis_are_written_as_people_there_write_them(
    amount: float, english: str, indonesian: str
) -> None:
    assert Words("x", "y").rupiah(amount) == english
    assert Words("x", "y", decimal=",").rupiah(amount) == indonesian


def test_amounts_without_peers_are_left_out() -> None:
    frame = claims(20).assign(peer_p90=None)
    assert run_plots(frame, "Asia/Jakarta")
    assert run_plots(frame.drop(columns="peer_p90"), "Asia/Jakarta")


def test_a_drawing_has_no_styles_of_its_own() -> None:
    drawing = svg(against_peers(claims(9), claims(9), Words("x", "y"), PAPER, size=(4, 2)))
    assert "style" not in drawing
    assert drawing.startswith("<svg ")


@pytest.mark.slow
def test_matplotlib_is_not_loaded_before_a_plot_is_drawn_and_pyplot_never() -> None:
    text = (
        "import sys, claimsim_pipeline.insight.plots as plots, pandas as pd\n"
        "assert not any(name.startswith('matplotlib') for name in sys.modules)\n"
        "frame = pd.DataFrame({'peer_p90': [1.0], 'amount_claimed': [2.0]})\n"
        "plots.svg(plots.against_peers(frame, frame, plots.Words('', ''), plots.PAPER,"
        " size=(2, 1)))\n"
        "assert 'matplotlib.figure' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", text], check=True)
