"""What a generator may take over: blocks that are as sound as nearly all of their table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from claimsim_pipeline.claims.soundness import CASES, FACILITIES, Kind, Soundness, learn
from claimsim_pipeline_tests.generation.bases import bare, nameless, usual

WRONG = [
    (FACILITIES, {"province_code": 99}),
    (FACILITIES, {"district_code": 9_999}),
    (FACILITIES, {"facility_class_code": 5}),
    (FACILITIES, {"facility_ownership_code": 5}),
    (FACILITIES, {"facility_name": None}),
    (CASES, {"service_level_code": 7}),
    (CASES, {"severity_group": "berat"}),
    (CASES, {"dx_primary_code": "X99.1"}),
    (CASES, {"procedure_label": "X999"}),
    (CASES, {"dx_primary_group": "PERSALINAN (BERAT)"}),
]


def rows_of(kind: Kind, base: pd.DataFrame) -> pd.DataFrame:
    return base.reindex(columns=list(kind.columns)).reset_index(drop=True)


def learned(kind: Kind, rows: pd.DataFrame) -> Soundness:
    """Of a table in which every row is a block of its own."""
    soundness, sound = learn(kind, rows, np.ones(len(rows), dtype=np.int64))
    assert (sound == soundness.holds(rows)).all()
    return soundness


@pytest.mark.parametrize(("kind", "values"), WRONG)
def test_a_row_among_a_thousand_that_contradicts_itself_is_not_sound(
    kind: Kind, values: dict[str, object]
) -> None:
    rows = rows_of(kind, usual()).head(1_000).astype(object)
    rows.loc[17, list(values)] = list(values.values())
    rows = rows.infer_objects()
    assert np.flatnonzero(~learned(kind, rows).holds(rows)).tolist() == [17]


@pytest.mark.parametrize("base", [usual, bare, nameless])
@pytest.mark.parametrize("kind", [FACILITIES, CASES])
def test_how_a_table_is_throughout_is_no_contradiction(kind: Kind, base: object) -> None:
    assert callable(base)
    rows = rows_of(kind, base())
    assert learned(kind, rows).holds(rows).all()


def test_a_table_that_names_its_provinces_otherwise_is_taken_as_it_is() -> None:
    rows = rows_of(FACILITIES, usual()).assign(province_name="Jawa Tengah")
    assert learned(FACILITIES, rows).holds(rows).all()


def test_blocks_that_no_donor_has_do_not_decide_what_is_usual() -> None:
    rows = rows_of(FACILITIES, usual()).head(200)
    strangers = rows.assign(province_code=99)
    blocks = pd.concat([rows, strangers], ignore_index=True)
    _, sound = learn(FACILITIES, blocks, np.repeat([1, 0], 200))
    assert sound.tolist() == [True] * 200 + [False] * 200
