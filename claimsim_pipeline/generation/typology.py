"""The fraud typology: 14 scenarios of the Indonesian catalogue, and how often each is planted.

The data, with their sources, lie beside this module in ``typology.toml``; both
generators follow them: the offline one applies them, the prompt explains them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class AmountRule:
    """Where a scenario's amount lies: see ``amount`` in the data file."""

    rule: str
    low: float = 1.0
    high: float = 1.0


@dataclass(frozen=True)
class Scenario:
    """One way to defraud, and what it does to a claim's columns.

    Attributes:
        code: ``F1`` to ``F14``.
        name: As on the answer sheet.
        term: The regulation's term, in Indonesian.
        english: The same in English.
        rationale: One sentence: why somebody does it, with its source.
        effect: What it does to the columns.
        flags: Rules that such claims typically make true.
        kind: ``single``, ``same_patient``, ``clones`` or ``cross_facility``.
        sizes: Claims in a group, with weights.
        hint: One sentence for a prompt.
        amounts: Amount rule by profile; ``realistic`` is the default.
        needs: Contract columns without which it would leave no trace.
        service: Service type of eligible cases; empty: any.
        severity: Their severity groups; empty: any.
        dx: Their primary diagnoses; empty: any.
        any_dx: Whether any diagnosis will do where the base has none of them.
        dx_avoid: Diagnoses that would make it look like something else.
        group_contains: Words of a tariff group that make other diagnoses eligible too.
        rare_group: Largest share of its diagnosis that an eligible group has; 0: any.
        neutral: Only diagnoses that any patient may have, whatever sex or age.
        los: How long such a stay is (``los_demo`` in the demo profile, if set).
        comorbidities: Fewest and most secondary diagnoses; empty: any.
        segments: Participant segments; empty: any.
        gap_days: Fewest and most days between two claims of a group.
        facilities: Most facilities it happens in; 0: all the bad ones.
        batch_days: Days on which its claims crowd; 0: any day.
    """

    code: str
    name: str
    term: str
    english: str
    rationale: str
    effect: str
    flags: tuple[str, ...]
    kind: str
    sizes: tuple[tuple[int, float], ...]
    hint: str
    amounts: Mapping[str, AmountRule]
    needs: tuple[str, ...] = ()
    service: str = ""
    severity: tuple[str, ...] = ()
    dx: tuple[str, ...] = ()
    any_dx: bool = False
    dx_avoid: tuple[str, ...] = ()
    group_contains: tuple[str, ...] = ()
    rare_group: float = 0.0
    neutral: bool = False
    los: str = "natural"
    los_demo: str = ""
    comorbidities: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    gap_days: tuple[int, int] = (0, 0)
    facilities: int = 0
    batch_days: int = 0

    @property
    def mean_size(self) -> float:
        """Claims in a group, on average."""
        return sum(n * weight for n, weight in self.sizes) / sum(w for _, w in self.sizes)

    @property
    def single(self) -> bool:
        """Whether one claim alone can follow it."""
        return any(n == 1 for n, _ in self.sizes)

    def amount(self, profile: str) -> AmountRule:
        """Where the amount lies in that profile."""
        return self.amounts.get(profile, self.amounts["realistic"])

    def stay(self, profile: str) -> str:
        """How long the stay is in that profile."""
        return self.los_demo if profile == "demo" and self.los_demo else self.los


@dataclass(frozen=True)
class Typology:
    """All scenarios by name, the mix of each profile, and honest series of visits."""

    scenarios: Mapping[str, Scenario]
    profiles: Mapping[str, Mapping[str, float]]
    series: Mapping[str, float] = field(default_factory=dict)


@cache
def typology() -> Typology:
    """The typology as the data file has it."""
    text = files(__package__).joinpath("typology.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    scenarios = {entry["name"]: _scenario(entry) for entry in data["scenario"]}
    return Typology(
        MappingProxyType(scenarios),
        MappingProxyType({name: MappingProxyType(mix) for name, mix in data["profiles"].items()}),
        MappingProxyType(data["series"]),
    )


def _scenario(entry: dict[str, Any]) -> Scenario:
    amounts = {profile: AmountRule(**rule) for profile, rule in entry.pop("amount").items()}
    sizes = tuple((int(n), float(weight)) for n, weight in entry.pop("sizes"))
    rest: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()
    }
    return Scenario(amounts=MappingProxyType(amounts), sizes=sizes, **rest)
