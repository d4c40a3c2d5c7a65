"""Who comes when: patients of the demo and the dates of their visits.

Claims of a district and a patient profile (adult, mother, newborn, ...) are
dealt to patients so that nobody has diagnoses of both sexes, nobody lies in
two hospitals at a time, and those who come for therapy, dialysis or
chemotherapy come again within days.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_YEAR = np.datetime64("2022-01-01")
_DAYS = 365
_NEW_PATIENT = 0.49  # chance that a claim begins a new patient: about two claims each
_NEW_SERIES = 0.62  # chance that a visit of a series begins another series
_GAP_DAYS = (2, 3)  # between the visits of a series


def assign_patients(claims: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add ``patient`` (number) and ``discharge`` (datetime64[D]) to the claims.

    Args:
        claims: district_code, profile, dx, facility, visits, service, los.
        rng: The demo's dice.
    """
    days = (_DAYS * rng.random(len(claims)) ** 0.82).astype(np.int64)
    series = (claims["visits"] > 1).to_numpy() & (claims["service"] == "RJTL").to_numpy()
    bucket = _bucket(claims, series)
    order = np.lexsort((rng.random(len(claims)), bucket))
    begins = _begins(claims, series, bucket, order, rng.random(len(claims)))
    patient = np.empty(len(claims), dtype=np.int64)
    patient[order] = np.cumsum(begins)
    days = _follow(days, series, begins, order, rng)
    return claims.assign(patient=patient, discharge=_YEAR + days.astype("timedelta64[D]"))


def _bucket(claims: pd.DataFrame, series: np.ndarray) -> np.ndarray:
    """Claims that may share a patient: same district and profile; series: same place and dx."""
    place = np.where(series, claims["facility"] + 1_000_000, claims["district_code"])
    kind = pd.factorize(claims["profile"])[0]
    diagnosis = pd.factorize(claims["dx"] + claims["group"])[0]
    return np.asarray(place * 10_000 + np.where(series, 100 + diagnosis, kind))


def _begins(
    claims: pd.DataFrame,
    series: np.ndarray,
    bucket: np.ndarray,
    order: np.ndarray,
    uniforms: np.ndarray,
) -> np.ndarray:
    """Where, in ``order``, another patient begins; an inpatient stay always begins one."""
    other_bucket = np.diff(bucket[order], prepend=-1) != 0
    chance = np.where(series[order], _NEW_SERIES, _NEW_PATIENT)
    inpatient = (claims["service"].to_numpy() == "RITL")[order]
    return np.asarray(other_bucket | inpatient | (uniforms[order] < chance))


def _follow(
    days: np.ndarray,
    series: np.ndarray,
    begins: np.ndarray,
    order: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """The visits of a series follow its first one at short gaps, within the year."""
    sorted_days = days[order]
    gaps = np.where(begins, 0, rng.integers(_GAP_DAYS[0], _GAP_DAYS[1] + 1, len(days)))
    first = np.maximum.accumulate(np.where(begins, np.arange(len(days)), 0))
    since = np.cumsum(gaps) - np.cumsum(gaps)[first]
    followed = sorted_days[first] + since
    late = followed >= _DAYS
    sorted_days = np.where(series[order] & ~late, followed, sorted_days)
    out = np.empty_like(days)
    out[order] = sorted_days
    return out
