"""How hard the planted fraud is to find: by one column, by rules, by a forest, by a trained model.

All figures are AUROC of fraud against honest simulated claims. AUPRC is not reported: at a fraud
ratio of .8 it is high for any guess. Each is given overall and within each service type, because
a detector without labels mostly finds "inpatient".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claimsim_pipeline.insight.realism import columns as c
from claimsim_pipeline.insight.realism.discriminator import FOLDS, auroc, design, out_of_fold
from claimsim_pipeline.insight.realism.signals import CONTEXT, SCENARIOS

LEAST_CLAIMS = 200
_SMOOTHING = 20.0
_CATEGORIES = (*c.DETECT_CATEGORICAL, *c.FACILITY)


@dataclass(frozen=True)
class Detectability:
    """AUROCs of a set of simulated claims; each mapping goes from service type (or `all`).

    Attributes:
        columns: Column -> service type -> AUROC of that column alone.
        rules: Of the rules' score.
        forest: Of the isolation forest's score.
        supervised: Of boosted trees on a claim's own columns.
        context: Of boosted trees that also see patient and facility context.
        scenarios: Scenario -> its claims, its designed signal's AUROC, the rules' AUROC.
    """

    columns: Mapping[str, Mapping[str, float]]
    rules: Mapping[str, float]
    forest: Mapping[str, float]
    supervised: Mapping[str, float]
    context: Mapping[str, float]
    scenarios: Mapping[str, Scenario]

    def strongest(self, service: str) -> tuple[str, float]:
        """The single column that tells most, facility names aside."""
        known = {n: v[service] for n, v in self.columns.items() if n not in c.FACILITY}
        return max(known.items(), key=lambda item: np.nan_to_num(item[1]))


@dataclass(frozen=True)
class Scenario:
    """One scenario against all honest claims."""

    claims: int
    signal: float
    rules: float


def detectability(
    claims: pd.DataFrame, fraud: NDArray[np.bool_], scenario: pd.Series, signs: pd.DataFrame
) -> Detectability:
    """Measure a set of simulated claims.

    Args:
        claims: Contract columns with `rule_score` and `ml_score`.
        fraud: The label.
        scenario: Its kind, missing for honest claims.
        signs: `signals.signals` of the same claims.
    """
    service = claims["service_type"].to_numpy(dtype=np.str_)
    fold = _folds(claims)
    own, categorical = design(claims, claims.head(0), c.DETECT_NUMERIC, c.DETECT_CATEGORICAL)
    label = fraud.astype(np.int64)
    wide = np.column_stack([own, _context(signs)])
    more = np.concatenate([categorical, np.zeros(wide.shape[1] - own.shape[1], dtype=bool)])
    rules, forest = (_score(claims, name) for name in ("rule_score", "ml_score"))
    return Detectability(
        columns=single_columns(claims, fraud, service, fold),
        rules=by_service(fraud, rules, service),
        forest=by_service(fraud, forest, service),
        supervised=by_service(fraud, out_of_fold(own, label, fold, categorical), service),
        context=by_service(fraud, out_of_fold(wide, label, fold, more), service),
        scenarios=by_scenario(fraud, scenario, signs, rules),
    )


def supervised(claims: pd.DataFrame, fraud: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Each claim's chance of fraud by boosted trees on its own columns, out of fold."""
    own, categorical = design(claims, claims.head(0), c.DETECT_NUMERIC, c.DETECT_CATEGORICAL)
    return out_of_fold(own, fraud.astype(np.int64), _folds(claims), categorical)


def learning_curve(
    claims: pd.DataFrame, fraud: NDArray[np.bool_], rows: Sequence[int]
) -> dict[int, float]:
    """AUROC of :func:`supervised` on the first so many claims: more to learn from finds more."""
    found = {}
    for count in rows:
        few, label = claims.iloc[:count].reset_index(drop=True), fraud[:count]
        found[len(few)] = auroc(label, supervised(few, label))
    return found


def by_service(
    fraud: NDArray[np.bool_], score: NDArray[np.float64], service: NDArray[np.str_]
) -> dict[str, float]:
    """AUROC over all claims and within each service type."""
    found = {"all": auroc(fraud, score)}
    for name in np.unique(service):
        found[str(name)] = auroc(fraud[service == name], score[service == name])
    return found


def by_scenario(
    fraud: NDArray[np.bool_], scenario: pd.Series, signs: pd.DataFrame, rules: NDArray[np.float64]
) -> dict[str, Scenario]:
    """Each scenario's claims against all honest ones, by its signal and by the rules."""
    found = {}
    for name in SCENARIOS:
        mine = scenario.eq(name).fillna(False).to_numpy(dtype=bool)
        either = mine | ~fraud
        signal = signs[name].to_numpy(dtype=np.float64, na_value=np.nan)
        found[name] = Scenario(
            int(mine.sum()),
            auroc(mine[either], signal[either]),
            auroc(mine[either], rules[either]),
        )
    return found


def single_columns(
    claims: pd.DataFrame,
    fraud: NDArray[np.bool_],
    service: NDArray[np.str_],
    fold: NDArray[np.int64],
) -> dict[str, dict[str, float]]:
    """Each column alone: numbers as they are, in either direction; categories by fraud share."""
    found = {}
    for name in c.present(c.DETECT_NUMERIC, claims):
        scores = by_service(fraud, c.numbers(claims[name]), service)
        found[name] = {group: max(value, 1 - value) for group, value in scores.items()}
    for name in c.present(_CATEGORIES, claims):
        shares = _fraud_share(c.codes(claims[name])[0], fraud, fold)
        found[name] = by_service(fraud, shares, service)
    return found


def _fraud_share(
    cells: NDArray[np.int64], fraud: NDArray[np.bool_], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Each claim's category's share of fraud in the other folds, drawn towards the mean."""
    share = np.empty(len(cells))
    size = int(cells.max(initial=0)) + 1
    for number in range(FOLDS):
        rest = fold != number
        total = np.bincount(cells[rest], minlength=size)
        bad = np.bincount(cells[rest], weights=fraud[rest], minlength=size)
        smooth = (bad + _SMOOTHING * fraud[rest].mean()) / (total + _SMOOTHING)
        share[~rest] = smooth[cells[~rest]]
    return share


def _context(signs: pd.DataFrame) -> NDArray[np.float64]:
    """Signals and neighbourhood of a claim, and what is usual in its facility."""
    names = [*CONTEXT, *SCENARIOS]
    values = signs[names].astype(np.float64)
    usual = values.groupby(signs["facility"].to_numpy()).transform("mean")
    return np.column_stack([values.to_numpy(), usual.to_numpy()])


def _folds(claims: pd.DataFrame) -> NDArray[np.int64]:
    """Folds that keep the copies of a record together."""
    record = claims[["facility_name", "dx_primary_code", "los", "amount_claimed"]].astype(str)
    hashed = pd.util.hash_pandas_object(record, index=False).to_numpy(dtype=np.uint64)
    return (hashed % np.uint64(FOLDS)).astype(np.int64)


def _score(claims: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return claims[name].to_numpy(dtype=np.float64, na_value=np.nan)
