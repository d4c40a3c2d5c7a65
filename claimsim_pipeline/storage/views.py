"""The views that dashboards read: ``claims_feed`` and ``claims_high_risk``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from claimsim_pipeline.claims.reference import BaseColumn
from claimsim_pipeline.storage.quoting import identifiers, sql

OWN_COLUMNS = frozenset(
    {
        "flags",
        "flag_count",
        "rule_score",
        "ml_score",
        "ml_score_normalized",
        "risk_score",
        "is_simulated",
    }
)
"""Columns of ``claims_high_risk`` that a base column of the same name gives way to."""

_PEERS = ("peer_mean", "peer_p90", "peer_std")
_PEER_KEY = ("dx_primary_code", "severity_group", "facility_class", "province_name")
_RATIO = "amount_paid / nullif(amount_claimed, 0)"
_ZSCORE = "(amount_claimed - peer_mean) / nullif(peer_std, 0)"
_DUPLICATE = (
    "patient_key IS NOT NULL AND count(*) OVER ("
    "PARTITION BY patient_key, dx_primary_code, {procedure} ORDER BY CAST(admit_dt AS DATE) "
    "RANGE BETWEEN INTERVAL 3 DAY PRECEDING AND INTERVAL 3 DAY FOLLOWING) > 1"
)


class RuleText(Protocol):
    """The rules as SQL text over the columns that a table has."""

    def flags_sql(self, columns: Sequence[str]) -> str:
        """An expression for the list of flags that hold."""

    def rule_score_sql(self, columns: Sequence[str]) -> str:
        """An expression for the score of the rules that hold."""


def statements(base: Sequence[BaseColumn], rules: RuleText) -> tuple[str, str]:
    """CREATE OR REPLACE VIEW statements for the base's columns of today."""
    names = [column.name for column in base]
    shown = [name for name in names if name.lower() not in OWN_COLUMNS]
    judged = [*names, *computable(names)]
    feed = sql("claims_feed").format(columns=identifiers(names))
    high_risk = sql("claims_high_risk").format(
        columns=identifiers(shown),
        real_columns=identifiers(shown, "r"),
        live_columns=identifiers(shown, "t"),
        flags=rules.flags_sql(judged),
        rule_score=rules.rule_score_sql(judged),
        real=completed(names),
    )
    return feed, high_risk


def completed(names: Sequence[str], table: str = "claims_normalized") -> str:
    """The rows of the base, or of the stream, with the columns that rules need and they lack."""
    source = table
    if peers := _lacking(names, _PEERS):
        on = " AND ".join(f"p.{name} IS NOT DISTINCT FROM b.{name}" for name in _PEER_KEY)
        source = (
            f"(SELECT b.*, {identifiers(peers, 'p')} FROM {table} AS b "
            f"LEFT JOIN ({sql('peers')}) AS p ON {on})"
        )
    derived = _derived(names)
    if lacking := _lacking(names, derived):
        added = ", ".join(f"{derived[name]} AS {name}" for name in lacking)
        source = f"(SELECT *, {added} FROM {source})"
    return source


def computable(names: Sequence[str]) -> tuple[str, ...]:
    """What :func:`completed` adds to columns like these."""
    return (*_lacking(names, _PEERS), *_lacking(names, _derived(names)))


def _derived(names: Sequence[str]) -> dict[str, str]:
    """Derived columns that can be computed from columns like these."""
    has = {name.lower() for name in names}
    procedure = "coalesce(procedure_code, '')" if "procedure_code" in has else "''"
    duplicate = _DUPLICATE.format(procedure=procedure) if "patient_key" in has else "false"
    return {"bpjs_payment_ratio": _RATIO, "cost_zscore": _ZSCORE, "duplicate_pattern": duplicate}


def _lacking(names: Sequence[str], wanted: Iterable[str]) -> list[str]:
    has = {name.lower() for name in names}
    return [name for name in wanted if name not in has]
