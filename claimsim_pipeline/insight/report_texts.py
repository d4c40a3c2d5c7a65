"""What the page says, in the language that was asked for, and how it writes numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

LANGUAGES = ("id", "en")

_SCALES = {
    "id": ((1e12, "T"), (1e9, "M"), (1e6, "jt")),
    "en": ((1e12, "tn"), (1e9, "bn"), (1e6, "m")),
}


@dataclass(frozen=True)
class Texts:
    """The texts of a language.

    Attributes:
        language: `id` or `en`.
        words: As in `templates/report.toml`.
    """

    language: str
    words: Mapping[str, Any]

    @classmethod
    def of(cls, language: str) -> Texts:
        """The texts of one of LANGUAGES."""
        return cls(language, tomllib.loads(template("report.toml"))[language])

    def __getitem__(self, name: str) -> Any:
        return self.words[name]

    def number(self, value: float, digits: int = 0) -> str:
        """With the thousands and decimal signs of the language."""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "id" else text

    def percent(self, share: float) -> str:
        """A share as a whole percentage."""
        return f"{self.number(100 * share)}%"

    def rupiah(self, amount: float) -> str:
        """Shortened: Rp 1,2 M, say."""
        for scale, name in _SCALES[self.language]:
            if amount >= scale:
                return f"Rp {self.number(amount / scale, 1)} {name}"
        return f"Rp {self.number(amount)}"

    def filled(self, text: str, *values: object) -> str:
        """A text with its gaps filled in order."""
        for value in values:
            text = text.replace("{}", str(value), 1)
        return text


def template(name: str) -> str:
    """A file of `insight/templates`."""
    return (files("claimsim_pipeline.insight") / "templates" / name).read_text(encoding="utf-8")
