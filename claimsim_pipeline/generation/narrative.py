"""A short Indonesian narrative from a finished draft.

It says what the row says, names nobody, and is worded alike for honest and
fraudulent claims. The sentences lie in ``narratives.toml``; the dice choose.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.secondary import lengths

_OUTPATIENT = "RJTL"
_NO_LABEL = "keluhan yang diperiksa"


def narrate(drafts: pd.DataFrame, reference: Reference, dice: NDArray[np.float64]) -> pd.Series:
    """One narrative per draft.

    Args:
        drafts: case_key, los and dx_secondary_codes.
        reference: Knows the cases.
        dice: The drafts' dice, row for row.
    """
    cases = reference.cases.drop_duplicates("case_key").set_index("case_key")
    place = cases.index.get_indexer(pd.Index(drafts["case_key"]))
    label = cases["dx_primary_label"].astype("string").fillna(_NO_LABEL).to_numpy(object)[place]
    home = (cases["service_type"] == _OUTPATIENT).to_numpy(dtype=bool)[place]
    los = drafts["los"].to_numpy(dtype=np.int64)
    kinds = {"outpatient": home, "inpatient": ~home}
    text = np.empty(len(drafts), dtype=object)
    for kind, mask in kinds.items():
        ours = np.flatnonzero(mask)
        sentences = _sentences()[kind]
        opening = _fill(sentences["opening"], dice[ours, Die.OPENING], "{dx}", label[ours])
        course = _course(sentences, dice[ours, Die.COURSE], los[ours])
        closing = _plain(sentences["closing"], dice[ours, Die.CLOSING])
        also = _secondary(lengths(drafts["dx_secondary_codes"].iloc[ours]), dice[ours, Die.CLOSING])
        told = pc.binary_join_element_wise(opening, course, also, " ")
        text[ours] = pc.binary_join_element_wise(told, closing, "").to_numpy(zero_copy_only=False)
    return pd.Series(text, dtype="str")


def _course(
    sentences: Mapping[str, Sequence[str]], die: NDArray[np.float64], los: NDArray[np.int64]
) -> pa.Array:
    told = _fill(sentences["course"], die, "{days}", los.astype(str).astype(object))
    if "same_day" not in sentences:
        return told
    return pc.if_else(pa.array(los == 0), _plain(sentences["same_day"], die), told)


def _secondary(counts: NDArray[np.int64], die: NDArray[np.float64]) -> pa.Array:
    """A sentence where there are secondary diagnoses, else nothing."""
    sentences = [f"{sentence} " for sentence in _sentences()["with_secondary"]["sentence"]]
    return pc.if_else(pa.array(counts > 0), _plain(sentences, (die * 7.0) % 1.0), "")


def _plain(sentences: Sequence[str], die: NDArray[np.float64]) -> pa.Array:
    return pa.array(sentences, pa.string()).take(_number(sentences, die))


def _fill(
    sentences: Sequence[str],
    die: NDArray[np.float64],
    gap: str,
    values: NDArray[np.object_],
) -> pa.Array:
    which = _number(sentences, die)
    before, after = zip(
        *((s.split(gap) if gap in s else (s, None)) for s in sentences), strict=True
    )
    value = pa.array(values, pa.string())
    filled = pc.binary_join_element_wise(
        pa.array(before, pa.string()).take(which),
        value,
        pa.array([a or "" for a in after], pa.string()).take(which),
        "",
    )
    whole = pa.array([a is None for a in after]).take(which)
    return pc.if_else(whole, pa.array(sentences, pa.string()).take(which), filled)


def _number(sentences: Sequence[str], die: NDArray[np.float64]) -> pa.Array:
    return pa.array(np.minimum((die * len(sentences)).astype(np.int64), len(sentences) - 1))


@cache
def _sentences() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = files(__package__).joinpath("narratives.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
