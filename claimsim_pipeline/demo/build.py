"""An honest ``claims_normalized``, from a seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.frames import to_arrow
from claimsim_pipeline.demo.comorbidities import secondary_codes, secondary_counts
from claimsim_pipeline.demo.complete import complete
from claimsim_pipeline.demo.facilities import build_facilities
from claimsim_pipeline.demo.patients import assign_patients
from claimsim_pipeline.demo.stays import lengths_of_stay
from claimsim_pipeline.demo.tables import SEVERITY_GROUP, case_types

SEED = 2022
_SEGMENTS = {1: 0.084, 2: 0.136, 3: 0.081, 4: 0.370, 5: 0.329}
_CARE_CLASS = {1: 1.40, 2: 1.20, 3: 1.0}
_GAP_SHARE = 0.0005  # of claims that are paid in part
_TOP_UP_SHARE = {"RITL": 0.02, "RJTL": 0.03}  # special drugs, prostheses
_TOP_UPS = [1.15, 1.35, 1.8]
_SCAFFOLD = ["facility", "factor", "profile", "region_owner", "stay", "tariff", "visits", "weight"]
"""What the facts were made with, and no claim shows."""


def build_claims(rows: int, seed: int = SEED, *, timezone: str = "Asia/Jakarta") -> pa.Table:
    """Claims with the contract's columns, types and order.

    Args:
        rows: How many.
        seed: The same seed gives the same claims.
        timezone: IANA name, of the load time in ``generated_at``.
    """
    return pa.concat_tables(claim_slices(rows, seed, timezone=timezone))


def claim_slices(
    rows: int, seed: int = SEED, *, timezone: str = "Asia/Jakarta"
) -> Iterator[pa.Table]:
    """The claims of :func:`build_claims`, some at a time, for those who write them away."""
    return complete(_facts(rows, np.random.default_rng(seed)), seed=seed, timezone=timezone)


def _facts(rows: int, rng: np.random.Generator) -> pa.Table:
    facilities, cases = build_facilities(rng), case_types()
    claims = _cases_at_facilities(rows, facilities, cases, rng)
    claims = assign_patients(claims.assign(los=lengths_of_stay(claims, rng)), rng)
    counts = secondary_counts(claims, rng)
    claims = _amounts(claims, counts, rng)
    codes, labels = secondary_codes(claims, counts, rng)
    facts = to_arrow(claims.drop(columns=_SCAFFOLD))
    facts = facts.append_column("dx_secondary_codes", codes)
    return facts.append_column("dx_secondary_labels", labels)


def _cases_at_facilities(
    rows: int, facilities: pd.DataFrame, cases: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    place = rng.choice(len(facilities), rows, p=facilities["weight"] / facilities["weight"].sum())
    kind = rng.choice(len(cases), rows, p=cases["share"])
    where = facilities.take(place).reset_index(drop=True).drop(columns=["weight"])
    what = cases.take(kind).reset_index(drop=True).drop(columns=["share"])
    return pd.concat([where, what], axis=1).assign(
        facility=place,
        severity_group=what["severity"].map(SEVERITY_GROUP),
        participant_segment_code=rng.choice(
            list(_SEGMENTS), rows, p=np.array(list(_SEGMENTS.values())) / sum(_SEGMENTS.values())
        ),
    )


def _amounts(claims: pd.DataFrame, counts: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Tariff by group, severity, hospital, region and care class; some with top-ups."""
    inpatient = (claims["service"] == "RITL").to_numpy()
    poor = claims["participant_segment_code"].isin([2, 3]).to_numpy()
    care_class = np.where(poor, 3, rng.choice([1, 2, 3], len(claims), p=[0.22, 0.23, 0.55]))
    factor = np.where(inpatient, pd.Series(care_class).map(_CARE_CLASS), 1.0)
    chance = claims["service"].map(_TOP_UP_SHARE) * (1 + counts * inpatient)
    topped = rng.random(len(claims)) < chance
    top_up = np.where(topped, rng.choice(_TOP_UPS, len(claims)), 1.0)
    claimed = np.round(claims["tariff"] * claims["factor"] * factor * top_up / 100) * 100
    part = rng.random(len(claims)) < _GAP_SHARE
    share = np.where(part, rng.choice([0.0, 0.5, 0.7, 0.9], len(claims)), 1.0)
    return claims.assign(amount_claimed=claimed, amount_paid=np.round(claimed * share / 100) * 100)
