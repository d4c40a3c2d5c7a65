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

from claimsim_pipeline.claims.frames import TEXT
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
    cases = reference.cases
    case = pd.Index(cases["case_key"]).get_indexer(pd.Index(drafts["case_key"]))
    label_of = cases["dx_primary_label"].astype("str").fillna(_NO_LABEL).to_numpy(dtype=object)
    labels = pa.array(label_of, pa.string())
    home = (cases["service_type"] == _OUTPATIENT).to_numpy(dtype=bool)[case]
    los = drafts["los"].to_numpy(dtype=np.int64)
    more = lengths(drafts["dx_secondary_codes"])
    parts, places = [], []
    for kind, mask in (("outpatient", home), ("inpatient", ~home)):
        ours = np.flatnonzero(mask)
        sentences, die = _sentences()[kind], dice[ours]
        label = labels.take(pa.array(case[ours]))
        opening = _fill(sentences["opening"], die[:, Die.OPENING], "{dx}", label)
        course = _course(sentences, die[:, Die.COURSE], los[ours])
        closing = _plain(sentences["closing"], die[:, Die.CLOSING])
        also = _secondary(more[ours], die[:, Die.CLOSING])
        told = pc.binary_join_element_wise(opening, course, also, " ")
        parts.append(pc.binary_join_element_wise(told, closing, ""))
        places.append(ours)
    back = pa.array(np.argsort(np.concatenate(places)))
    return pd.Series(pa.concat_arrays(parts).take(back), dtype=TEXT)


def _course(
    sentences: Mapping[str, Sequence[str]], die: NDArray[np.float64], los: NDArray[np.int64]
) -> pa.Array:
    told = _fill(sentences["course"], die, "{days}", pa.array(los).cast(pa.string()))
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
    values: pa.Array,
) -> pa.Array:
    which = _number(sentences, die)
    before, after = zip(
        *((s.split(gap) if gap in s else (s, None)) for s in sentences), strict=True
    )
    filled = pc.binary_join_element_wise(
        pa.array(before, pa.string()).take(which),
        values,
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
