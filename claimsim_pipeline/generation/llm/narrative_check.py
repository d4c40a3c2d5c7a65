"""Whether a narrative may stand beside its row: agrees with it, names nobody, betrays nothing.

Strict on purpose: a narrative that is refused without need is replaced by
one made from the row, which costs nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

SHORTEST, LONGEST = 20, 600

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
# Letters that look like others, or that nobody sees, would hide a word from every rule.
_FOREIGN = re.compile(r"[^\x20-\x7e\u00a1-\u00ac\u00ae-\u024f\u2010-\u2015\u2018-\u201d\u2026]")
_MARKUP = re.compile(r"[<>`{}\[\]|\\*#_~^$@]|https?:|www\.|--|;\s*\w+\s*\(", re.IGNORECASE)
_NUMERIC = re.compile(r"\S*\d\S*")
_SPLIT = re.compile(r"[\s,.;:()]+")
_CODE = re.compile(r"\b[A-Z]\d{2}(?:\.?\d{1,2})?\b")
_STAY = re.compile(r"\b(\d{1,4}|[a-z]+)(?:\s+\([^)]*\))?[\s-]+(?:hari|malam)\b")
_MONEY = re.compile(r"(?:\brp\.?\s*)?(\d{1,3}(?:[.,]\d{3})+|\d{4,})(?:,-|,00)?\b", re.IGNORECASE)
_HONORIFIC = re.compile(r"\b(?:Tn|Ny|Nn|An|Sdr|Sdri|Bpk|Bapak|Ibu|dr|Dr|drg|Prof)\.?\s+[A-Z]")
_NAMES = (
    *("nol", "satu", "dua", "tiga", "empat", "lima", "enam"),
    *("tujuh", "delapan", "sembilan", "sepuluh", "sebelas"),
)
_WORDS = {word: number for number, word in enumerate(_NAMES)}
_NO_STAY = frozenset({"pada", "setiap", "tiap", "per"})  # before "hari", without telling a stay
_SPAN = re.compile(
    r"\b(?:(?:se)?(?:minggu|pekan|bulan)|(?:day|night|week|month)s?)\b"
    r"|\bhari\s+ke(?:[-\s\d]|dua|tiga|empat|lima|enam|tujuh|delapan|se)"
)
_SAME_DAY = re.compile(r"\bhari yang sama\b|\b(?:tanpa|tidak) menginap\b")
_NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][^\W\d_]+(?:-[A-Za-z]+)*")
_NO_NUMBER = {"sehari": 1, "semalam": 1}


@dataclass(frozen=True)
class Row:
    """What a narrative is held against.

    Attributes:
        label: Of the primary diagnosis.
        codes: Of all its diagnoses, the primary one's category first, no dots.
        outpatient: The service.
        los: Days.
        amounts: Claimed and paid, in rupiah.
        facility: Its name.
    """

    label: str
    codes: tuple[str, ...]
    outpatient: bool
    los: int
    amounts: tuple[int, ...]
    facility: str


class NarrativeCheck:
    """Checks narratives against rows of one base.

    Args:
        labels: Code of every label that the base has.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._by_word: dict[str, list[tuple[str, str]]] = {}
        for label, code in labels.items():
            lowered = label.lower()
            if lowered:
                self._by_word.setdefault(_SPLIT.split(lowered)[0], []).append((lowered, code))

    def problem(self, text: str, row: Row) -> str:
        """Name of the first thing that is wrong; empty if it may stand."""
        if not SHORTEST <= len(text) <= LONGEST:
            return "length"
        if _CONTROL.search(text):
            return "control_characters"
        rest = _without(text, row.label)
        if rest == text and not any(code in text for code in row.codes[:1]):
            return "diagnosis_missing"
        rest = _without(rest, row.facility)
        if _FOREIGN.search(rest):
            return "control_characters"
        if _MARKUP.search(rest):
            return "markup"
        return self._said(rest, rest.lower(), row)

    def _said(self, text: str, lowered: str, row: Row) -> str:
        rules = _rules()
        if rules["betrayal"].search(lowered):
            return "betrayal"
        if rules["person"].search(lowered) or _HONORIFIC.search(text):
            return "person"
        if rules["outpatient" if row.outpatient else "inpatient"].search(lowered):
            return "service"
        if not _stay_agrees(lowered, row.los):
            return "los"
        if rules["amounts"].search(lowered) or not _numbers_agree(text, row):
            return "number"
        if not self._diseases_agree(lowered, row):
            return "diagnosis"
        return "person" if _named(text) else ""

    def _diseases_agree(self, lowered: str, row: Row) -> bool:
        for word in rules_found(lowered):
            if not _any_begins(row.codes, _rules()["diseases"][word]):
                return False
        for word in set(_SPLIT.split(lowered)):
            for label, code in self._by_word.get(word, ()):
                if label in lowered and not _any_begins(row.codes, [code]):
                    return False
        return True


def rules_found(lowered: str) -> list[str]:
    """Everyday names of diseases in a text."""
    return [str(found) for found in _rules()["disease"].findall(lowered)]


def _any_begins(codes: tuple[str, ...], beginnings: Iterable[str]) -> bool:
    return codes[:1] != ("",) and any(
        code.startswith(beginning) for code in codes for beginning in beginnings
    )


def _without(text: str, known: str) -> str:
    return re.sub(re.escape(known), " ", text, flags=re.IGNORECASE) if known else text


def _named(text: str) -> bool:
    """Whether a word is written like a name: a capital where no sentence begins."""
    return any(word not in _rules()["known"] for word in _NAME.findall(text.strip()))


def _stay_agrees(lowered: str, los: int) -> bool:
    """Every stay that is told in days is the row's; 'the same day' is not one."""
    if _SPAN.search(lowered) or (los and _SAME_DAY.search(lowered)):
        return False
    for said in _STAY.findall(lowered):
        number = int(said) if said.isdigit() else _WORDS.get(said)
        if number != los and said not in _NO_STAY:
            return False
    return all(
        days == los for word, days in _NO_NUMBER.items() if re.search(rf"\b{word}\b", lowered)
    )


def _numbers_agree(text: str, row: Row) -> bool:
    """Every number is the stay in days, an amount of the row, or one of its codes."""
    rest = _CODE.sub(lambda found: _unless(_codes_agree(found.group(), row), found), text)
    rest = _MONEY.sub(lambda found: _unless(_amount(found.group(1)) in row.amounts, found), rest)
    rest = re.sub(rf"\b{row.los}\b(?=\s*(?:\([^)]*\)\s*)?(?:hari|malam)\b)", " ", rest)
    return _NUMERIC.search(rest) is None


def _unless(known: bool, found: re.Match[str]) -> str:
    return " " if known else found.group()


def _codes_agree(said: str, row: Row) -> bool:
    code = said.replace(".", "")
    return any(known.startswith(code) for known in row.codes)


def _amount(said: str) -> int:
    return int(re.sub(r"\D", "", said))


@cache
def _rules() -> dict[str, Any]:
    text = files(__package__).joinpath("narrative_rules.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    stems = [rf"{re.escape(stem)}\w*" for stem in data["betrayal"]["stems"]]
    phrases = [re.escape(phrase) for phrase in data["betrayal"]["phrases"]]
    anywhere = "|".join(data["betrayal"]["anywhere"])
    return {
        "betrayal": re.compile(rf"\b(?:{'|'.join(stems + phrases)})|{anywhere}"),
        "amounts": _any_of(data["amounts"]["words"]),
        "known": frozenset(data["person"]["known"]),
        "person": _any_of(data["person"]["words"]),
        "outpatient": _any_of(data["service"]["outpatient_never"]),
        "inpatient": _any_of(data["service"]["inpatient_never"]),
        "disease": _any_of(data["diseases"]),
        "diseases": data["diseases"],
    }


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(re.escape(word) for word in words)})\b")
