"""Figures know their target and render for people and programs."""

from __future__ import annotations

import json

from claimsim_pipeline.bench.figures import (
    Figure,
    all_ok,
    as_json,
    as_table,
    at_least,
    at_most,
    known,
    within,
)

FIGURES = [
    at_most("memory", 812.4, "MB", 2_500, "1.2 M rows"),
    at_least("speed", 39_000.0, "rows/s", 40_000),
    within("share", 0.5, "share", (0.45, 0.55)),
    known("time", 9.5, "s"),
    at_least("no data", None, "x", 2.5),
]


def test_targets_decide_and_figures_without_one_do_not_count() -> None:
    assert [figure.ok for figure in FIGURES] == [True, False, True, None, None]
    assert not all_ok(FIGURES)
    assert all_ok([FIGURES[0], *FIGURES[2:]])


def test_the_table_has_a_line_for_each_figure_and_marks_misses() -> None:
    lines = as_table(FIGURES).splitlines()
    assert len(lines) == len(FIGURES) + 1
    assert lines[2].startswith("MISS  speed")
    assert "39,000  rows/s  >= 40000" in lines[2]
    assert "812.4  MB      <= 2500" in lines[1]


def test_json_keeps_every_field() -> None:
    assert [Figure(**row) for row in json.loads(as_json(FIGURES))] == FIGURES
