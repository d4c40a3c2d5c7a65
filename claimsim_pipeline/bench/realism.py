"""`claimsim bench realism`: how real the simulated claims are, and how hard their fraud is to find.

Makes claims offline on a demo table that the generator knows half of, hands the frames to
insight.realism, and holds every figure against its target. Definitions: docs/realism.md.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from claimsim_pipeline.bench.figures import Figure, known
from claimsim_pipeline.bench.realism_figures import (
    demo_figures,
    detection_figures,
    learning_figures,
    realism_figures,
    scenario_figures,
)
from claimsim_pipeline.bench.simulated import Simulated, simulate, split_base, wanted
from claimsim_pipeline.bench.workplace import TIMEZONE
from claimsim_pipeline.insight.realism.detect import Detectability, learning_curve
from claimsim_pipeline.insight.realism.report import ceiling, detection, realism
from claimsim_pipeline.simulation.plan import RunSpec

BASE_ROWS, QUICK_BASE_ROWS = 50_000, 12_000
CLAIMS, QUICK_CLAIMS = 60_000, 6_000
RATIO = 0.03
SCENARIO_RATIO = 0.5
"""High enough for 200 claims of the rarest scenario (.02 of the mix) in a bearable number."""
CURVE = (2_000, 5_000, 10_000, 20_000)
"""Claims that a trained model is shown less than all of."""

DEMO_RATIO = 0.8
DEMO_CLAIMS = 5_000
SEED = 20_260_101


def run(quick: bool, workdir: Path) -> list[Figure]:
    """Measure the offline generator on both profiles."""
    base_rows, claims = (QUICK_BASE_ROWS, QUICK_CLAIMS) if quick else (BASE_ROWS, CLAIMS)
    base = split_base(workdir, base_rows, SEED)
    plain, dense, loud = (simulate(base.store, workdir, spec) for spec in _wanted(claims))
    best, best_auc = ceiling(base.known, base.holdout)
    figures = [
        known("ceiling: quality of other patients", best.overall, "score", f"{base_rows:,} rows"),
        known("ceiling: fair AUC of other patients", best_auc, "AUC"),
    ]
    measured = realism(plain.claims, plain.fraud, base.known, base.holdout)
    figures += realism_figures("mutator, realistic", measured)
    figures += detection_figures("realistic", _detection(plain, base.known))
    curve = learning_curve(plain.claims, plain.fraud, CURVE)
    figures += learning_figures("realistic: supervised, own columns", curve)
    figures += scenario_figures("realistic", _detection(dense, base.known))
    found = realism(loud.claims, loud.fraud, base.known, base.holdout)
    return figures + demo_figures(loud, found, _detection(loud, base.known))


def _wanted(claims: int) -> tuple[RunSpec, RunSpec, RunSpec]:
    """The usual realistic stream, one dense with fraud, and the demo."""
    return (
        wanted(claims, "realistic", RATIO, SEED),
        wanted(claims // 2, "realistic", SCENARIO_RATIO, SEED + 1),
        wanted(min(claims, DEMO_CLAIMS), "demo", DEMO_RATIO, SEED + 2),
    )


def _detection(made: Simulated, base: pd.DataFrame) -> Detectability:
    return detection(made.claims, made.truth, base, TIMEZONE)
