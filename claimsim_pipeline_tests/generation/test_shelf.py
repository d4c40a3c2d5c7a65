"""Picks from cells, compared with a plain search through all rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.generation.shelf import Keys, Order, Rung, Shelf, climb, mix
from claimsim_pipeline_tests.examples import examples


def rung_of(shelf: Shelf, cells: Keys, enough: int = 1) -> Rung:
    return Rung(lambda: shelf, lambda targets: cells[targets], enough)


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=0, max_size=40)


@examples(40)
@given(ROWS, st.integers(0, 5), st.integers(0, 6), st.integers(0, 6), st.floats(0, 0.999))
def test_a_pick_is_a_row_of_the_cell_within_the_bounds(
    rows: list[tuple[int, int]], cell: int, low: int, high: int, die: float
) -> None:
    cells = np.array([c for c, _ in rows], dtype=np.uint64)
    values = np.array([v for _, v in rows], dtype=np.float64)
    rung = rung_of(Shelf(cells, Order(values)), np.array([cell], dtype=np.uint64))
    bounds = (np.array([low], dtype=float), np.array([high], dtype=float))
    (found,) = climb([rung], np.array([die]), *bounds)
    suits = [i for i, (c, v) in enumerate(rows) if c == cell and low <= v <= high]
    assert found in suits if suits else found == -1


def test_every_row_is_picked_equally_often() -> None:
    cells = np.array([1, 1, 2, 1], dtype=np.uint64)
    shelf = Shelf(cells, Order(np.zeros(4)))
    die = np.arange(300) / 300
    found = climb([rung_of(shelf, np.full(300, 1, dtype=np.uint64))], die)
    assert np.unique(found, return_counts=True)[1].tolist() == [100, 100, 100]


def test_a_rung_with_too_few_rows_gives_way_to_the_next() -> None:
    fine, coarse = (
        Shelf(np.array(c, dtype=np.uint64), Order(np.zeros(3))) for c in ([1, 2, 2], [9, 9, 9])
    )
    targets = np.array([1], dtype=np.uint64)
    rungs = [rung_of(fine, targets, enough=2), rung_of(coarse, np.array([9], dtype=np.uint64))]
    assert climb(rungs, np.array([0.99]))[0] == 2


def test_cells_differ_by_the_order_of_their_parts() -> None:
    one, two = np.array([1], dtype=np.uint64), np.array([2], dtype=np.uint64)
    assert mix(one, two) != mix(two, one)
