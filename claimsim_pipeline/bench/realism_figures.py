"""The targets of the realism bench: each measurement held against what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from claimsim_pipeline.bench.figures import Figure, at_least, at_most, known, within
from claimsim_pipeline.insight.realism.columns import FACILITY
from claimsim_pipeline.insight.realism.detect import LEAST_CLAIMS, Detectability, Scenario
from claimsim_pipeline.insight.realism.report import Realism

if TYPE_CHECKING:
    from claimsim_pipeline.bench.simulated import Simulated

ALARM = 0.7


def realism_figures(who: str, found: Realism) -> list[Figure]:
    """Quality, discriminator, privacy, contradictions of honest claims."""
    broken = ", ".join(f"{name} {count}" for name, count in found.contradictions.items())
    private = found.privacy
    excess = private.near_train - private.near_holdout
    near = f"{private.near_train:.3f}, holdout {private.near_holdout:.3f}"
    made_of = f"shapes {found.quality.shape:.3f}, pairs {found.quality.pair:.3f}"
    worst = f"{made_of}; least: {found.quality.worst()}"
    return [
        at_least(f"{who}: quality", found.quality.overall, "score", 0.93, worst),
        at_most(f"{who}: fair AUC", found.fair_auc, "AUC", 0.80),
        at_most(f"{who}: rows within .02, over holdout", excess, "share", 0.05, near),
        within(f"{who}: closer to known", private.closer_to_train, "share", (0.45, 0.55)),
        at_most(f"{who}: identifiers of the base", private.overlap, "rows", 0),
        at_most(f"{who}: contradictions", sum(found.contradictions.values()), "rows", 0, broken),
        within(f"{who}: fully paid, made - base", found.fully_paid, "share", (-0.001, 0.001)),
    ]


def detection_figures(who: str, found: Detectability) -> list[Figure]:
    """What detectors reach, overall and per service type."""
    figures = []
    for service in found.rules:
        column, value = found.strongest(service)
        limit = 0.75 if service == "all" else 0.72
        case = f"{who}: strongest single column, {service}"
        figures.append(at_most(case, value, "AUROC", limit, column))
    figures += _ranged(f"{who}: rules", found.rules, (0.55, 0.75))
    figures += _ranged(f"{who}: isolation forest", found.forest, (0.55, 0.78))
    figures += _ranged(f"{who}: supervised, own columns", found.supervised, (0.75, 0.90))
    figures += _ranged(f"{who}: supervised, with context", found.context, (0.92, 1.0))
    facility = {n: v["all"] for n, v in found.columns.items() if n in FACILITY}
    if facility:
        name = max(facility, key=lambda column: facility[column])
        figures.append(known(f"{who}: knowing the facility", facility[name], "AUROC", name))
    return figures


def learning_figures(who: str, found: Mapping[int, float]) -> list[Figure]:
    """What a trained model reaches with fewer claims to learn from."""
    return [known(f"{who}, of {rows:,} claims", value, "AUROC") for rows, value in found.items()]


def scenario_figures(who: str, found: Detectability) -> list[Figure]:
    """Each scenario's designed signal, and how many scenarios the rules cannot see."""
    figures = [_signal(who, name, scenario) for name, scenario in found.scenarios.items()]
    judged = {n: s for n, s in found.scenarios.items() if s.claims >= LEAST_CLAIMS}
    hidden = [name for name, scenario in judged.items() if 0.40 <= scenario.rules <= 0.60]
    case = f"{who}: scenarios invisible to the rules"
    return [*figures, at_least(case, len(hidden), "scenarios", 4, ", ".join(hidden))]


def demo_figures(made: Simulated, found: Realism, detected: Detectability) -> list[Figure]:
    """What the demo profile promises: loud fraud, quiet honest claims, no contradiction."""
    loud = made.claims["rule_score"].to_numpy() >= ALARM
    risky = made.claims["risk_score"].to_numpy() >= ALARM
    kinds = made.truth.loc[made.fraud, "fraud_scenario"].nunique()
    broken = ", ".join(f"{name} {count}" for name, count in found.contradictions.items())
    return [
        at_least("demo: fraud with rule_score >= .7", loud[made.fraud].mean(), "share", 0.95),
        at_most("demo: honest with rule_score >= .7", loud[~made.fraud].mean(), "share", 0.05),
        known("demo: fraud with risk_score >= .7", risky[made.fraud].mean(), "share"),
        known("demo: honest with risk_score >= .7", risky[~made.fraud].mean(), "share"),
        at_least("demo: scenarios that occur", kinds, "scenarios", 14),
        at_most("demo: contradictions", sum(found.contradictions.values()), "rows", 0, broken),
        known("demo: rules", detected.rules["all"], "AUROC"),
        known("demo: isolation forest", detected.forest["all"], "AUROC"),
        known("demo: supervised, own columns", detected.supervised["all"], "AUROC"),
    ]


def _ranged(case: str, found: Mapping[str, float], limits: tuple[float, float]) -> list[Figure]:
    """The target is overall; per service type it is a figure to know."""
    overall = within(case, found["all"], "AUROC", limits)
    rest = [known(f"{case}, {n}", v, "AUROC") for n, v in found.items() if n != "all"]
    return [overall, *rest]


def _signal(who: str, name: str, scenario: Scenario) -> Figure:
    note = f"{scenario.claims} claims, rules {scenario.rules:.2f}"
    case = f"{who}: signal of {name}"
    if scenario.claims < LEAST_CLAIMS:
        return known(case, scenario.signal, "AUROC", f"{note}: too few to judge")
    return at_least(case, scenario.signal, "AUROC", 0.85, note)
