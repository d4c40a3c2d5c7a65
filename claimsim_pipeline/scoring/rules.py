"""The rules: suspicion that follows from a claim's own columns.

The conditions are data (``ruleset_v1.toml``), each written once as SQL. Frames
are scored by the same text that the dashboards' views hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

import pandas as pd

from claimsim_pipeline.claims.frames import query, to_arrow, to_pandas, workbench


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        flag: Its name, as dashboards show it.
        weight: Its share of the rule score, 0..1.
        columns: The contract columns it looks at.
        condition: SQL; the flag holds where it is true.
    """

    flag: str
    weight: float
    columns: tuple[str, ...]
    condition: str


@dataclass(frozen=True)
class RuleSet:
    """The rules of one version, as data and as SQL text."""

    version: str
    rules: tuple[Rule, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a rule looks at."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.columns))

    def flags_sql(self, columns: Iterable[str]) -> str:
        """SQL for the list of flags that hold, for a table with these columns."""
        parts = [
            f"CASE WHEN {rule.condition} THEN ['{rule.flag}'] ELSE [] END"
            for rule in self._applicable(columns)
        ]
        return f"CAST({' || '.join(parts) or '[]'} AS VARCHAR[])"

    def rule_score_sql(self, columns: Iterable[str]) -> str:
        """SQL for the largest weight among the flags that hold, 0 if none does."""
        parts = [
            f"CASE WHEN {rule.condition} THEN {rule.weight} ELSE 0 END"
            for rule in self._applicable(columns)
        ]
        return f"CAST(greatest({', '.join(['0', *parts])}) AS DOUBLE)"

    def _applicable(self, columns: Iterable[str]) -> list[Rule]:
        has = {name.lower() for name in columns}
        return [rule for rule in self.rules if has.issuperset(rule.columns)]


def _load() -> RuleSet:
    text = files(__package__).joinpath("ruleset_v1.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    rules = [
        Rule(r["flag"], float(r["weight"]), tuple(r["columns"]), r["condition"])
        for r in data["rule"]
    ]
    return RuleSet(data["version"], tuple(rules))


RULESET = _load()
"""The rules that claims are scored by today."""


def score_rules(claims: pd.DataFrame) -> pd.DataFrame:
    """Flags and rule score of each claim, from its own columns.

    Args:
        claims: Contract columns; a rule whose columns are missing does not hold.

    Returns:
        ``flags`` (list of names) and ``rule_score`` (0..1), indexed like the claims.
    """
    columns = [name for name in RULESET.columns if name in claims.columns]
    looked_at = to_arrow(claims.loc[:, columns])
    text = (
        f"SELECT {RULESET.flags_sql(columns)} AS flags, "
        f"{RULESET.rule_score_sql(columns)} AS rule_score FROM looked_at"
    )
    with workbench(looked_at=looked_at) as connection:
        return to_pandas(query(connection, text)).set_index(claims.index)
