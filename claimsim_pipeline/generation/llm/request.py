"""From a brief to the bytes that are sent: allow-listed facts only, the static part first.

Nothing that names a person, a family or a claim is ever looked at here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.atlas import atlas
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.dice import Die
from claimsim_pipeline.generation.limits import ANY_NUMBER
from claimsim_pipeline.generation.llm.candidates import Candidate, Candidates
from claimsim_pipeline.generation.llm.prompt import instructions, prompt_version
from claimsim_pipeline.generation.llm.schema import text_format
from claimsim_pipeline.generation.llm.texts import Texts
from claimsim_pipeline.generation.typology import typology

OUTPUT_TOKENS = 900
"""Most tokens of a reply; about three times what one takes."""


@dataclass(frozen=True)
class Request:
    """One call to make.

    Attributes:
        key: Of the claim; never sent.
        hash: Of the bytes, the claim's key and the number of the attempt.
        body: What is sent.
    """

    key: str
    hash: str
    body: bytes


@dataclass(frozen=True)
class Told:
    """What a brief says in numbers, by column."""

    low: list[int]
    high: list[int]
    amount_low: list[float]
    amount_high: list[float]
    secondary_low: list[int]
    secondary_high: list[int]


class Requests:
    """The requests of a call's briefs.

    Args:
        briefs: What each claim is to be.
        reference: Of the base.
        model: To ask.
    """

    def __init__(self, briefs: Briefs, reference: Reference, model: str) -> None:
        told = briefs.frame
        self._atlas = atlas(reference)
        self.texts = Texts(self._atlas)
        self._candidates = Candidates(self._atlas, told, self.texts)
        keys = [told[name].to_numpy(dtype=np.uint64) for name in ("facility_key", "case_key")]
        self._spot = self._atlas.spot(*keys)
        self._limits = Told(*(told[name].tolist() for name in _LIMITS))
        self._scenarios = [None if pd.isna(name) else str(name) for name in told["scenario"]]
        self._sampled = list(zip(*(_plain(told[name]) for name in _SAMPLED), strict=True))
        self._variation = (briefs.dice[:, Die.SPARE] * _VARIATIONS).astype(np.int64).tolist()
        self.keys: list[str] = told["key"].tolist()
        self._prefix, self._middle = _static(model)

    def candidates(self, row: int, variant: int = 0) -> list[Candidate]:
        """The row's candidates; a new brief (variant) begins with the next of them."""
        found = self._candidates.of(row)
        turn = variant % len(found)
        return found[turn:] + found[:turn]

    def facility_name(self, row: int) -> str:
        """Where the claim happens."""
        return self.texts.facility("facility_name", int(self._spot.facility[row]))

    def care(self, row: int) -> tuple[str, str]:
        """The claim's service and severity."""
        case = int(self._spot.case[row])
        return self.texts.case("service_type", case), self.texts.case("severity_group", case)

    def make(
        self, row: int, attempt: int, variant: int = 0, tokens: int = OUTPUT_TOKENS
    ) -> Request:
        """The request of an attempt; the same arguments give the same bytes."""
        told = json.dumps(self._summary(row, variant), ensure_ascii=False, separators=(",", ":"))
        quoted = json.dumps(told, ensure_ascii=False).encode()
        body = b"".join((self._prefix, str(tokens).encode(), self._middle, quoted, b"}"))
        name = hashlib.sha256(f"{self.keys[row]}\0{attempt}\0".encode())
        name.update(body)
        return Request(self.keys[row], name.hexdigest(), body)

    def _summary(self, row: int, variant: int) -> dict[str, Any]:
        """The allow-list."""
        candidates = self.candidates(row, variant)
        service, severity = self.care(row)
        facility = int(self._spot.facility[row])
        sampled: dict[str, Any] = {
            "dx_primary_code": candidates[0].code,
            "dx_primary_label": candidates[0].label,
            "severity_group": severity,
            "service_type": service,
            "facility": self.facility_name(row),
            "facility_class": self.texts.facility("facility_class", facility),
            "province": self.texts.facility("province_name", facility),
        }
        scenario = self._scenarios[row]
        if scenario is None:
            sampled |= dict(zip(_SAMPLED.values(), self._sampled[row], strict=True))
        return {
            "claim": {"fraud": scenario is not None, "scenario": _explained(scenario)},
            "sampled": sampled,
            "limits": self._bounds(row),
            "variation": self._variation[row],
            "candidates": [[candidate.code, candidate.label] for candidate in candidates],
        }

    def _bounds(self, row: int) -> dict[str, Any]:
        limits = self._limits
        return {
            "los": [limits.low[row], limits.high[row]],
            "amount_claimed": [int(limits.amount_low[row]), int(limits.amount_high[row])],
            "secondary": [limits.secondary_low[row], min(limits.secondary_high[row], _USUAL_MOST)],
        }


_LIMITS = ("los_min", "los_max", "amount_min", "amount_max", "secondary_min", "secondary_max")
_SAMPLED = {
    "ctx_los": "los",
    "ctx_amount_claimed": "amount_claimed",
    "ctx_amount_paid": "amount_paid",
    "ctx_dx_secondary_codes": "dx_secondary_codes",
}
_VARIATIONS = 1_000_000  # equal briefs shall not get equal claims
_USUAL_MOST = 6  # what a model is told where the brief does not care
assert _USUAL_MOST < ANY_NUMBER


def _explained(scenario: str | None) -> dict[str, str] | None:
    if scenario is None:
        return None
    told = typology().scenarios[scenario]
    return {"name": told.name, "term": told.term, "hint": told.hint}


def _static(model: str) -> tuple[bytes, bytes]:
    """What is the same in all requests, before and after the limit of tokens."""
    first = {
        "model": model,
        "store": False,
        "prompt_cache_key": f"claimsim-{prompt_version()}",
        "text": text_format(),
        "instructions": instructions(),
    }
    text = json.dumps(first, ensure_ascii=False, separators=(",", ":"))
    return f'{text[:-1]},"max_output_tokens":'.encode(), b',"input":'


def _plain(column: pd.Series) -> list[Any]:
    """Values that JSON knows; NULL and NaN are None, whole amounts integers."""
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return [_value(value) for value in values]


def _value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (str, int, float)) or value is None:
        return value
    return [str(code) for code in value if code is not None]
