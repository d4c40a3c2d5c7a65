"""Small base tables: usual, bare, with NULL facilities or a few wrong rows, of a few rows."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pandas as pd

from claimsim_pipeline.claims.columns import REQUIRED
from claimsim_pipeline_tests.generation.base_frames import LIST

_CASES = (
    # dx, 4-character code, label, group, service, severity, usual amount, usual stay, weight
    ("I10", "I10", "Essential (primary) hypertension", "KRONIS KECIL", 1, 1, 193100, 0, 22),
    ("E11", "E119", "Diabetes mellitus", "KRONIS KECIL", 1, 1, 193100, 0, 18),
    ("Z50", "Z501", "Other physical therapy", "PROSEDUR TERAPI FISIK", 1, 1, 160100, 0, 14),
    ("N18", "N185", "Chronic kidney disease", "DIALISIS", 1, 1, 880600, 0, 8),
    ("H25", "H259", "Senile cataract, unspecified", "PROSEDUR LENSA", 1, 1, 5202100, 0, 6),
    ("J06", "J069", "Acute upper respiratory infection", "AKUT KECIL", 1, 1, 205300, 0, 10),
    ("O26", "O269", "Pregnancy-related condition", "ANTENATAL", 1, 1, 399000, 0, 3),
    ("N40", "N40", "Hyperplasia of prostate", "KRONIS KECIL", 1, 1, 192100, 0, 3),
    ("A09", "A099", "Gastroenteritis", "GASTROENTERITIS (RINGAN)", 2, 2, 1906500, 2, 5),
    ("A09", "A099", "Gastroenteritis", "GASTROENTERITIS (SEDANG)", 2, 3, 2704000, 4, 3),
    ("K35", "K359", "Acute appendicitis", "PROSEDUR APPENDIK (RINGAN)", 2, 2, 5076000, 3, 4),
    ("K35", "K359", "Acute appendicitis", "PROSEDUR APPENDIK (BERAT)", 2, 4, 8120000, 6, 1),
    (
        "I10",
        "I10",
        "Essential (primary) hypertension",
        "HIPERTENSI (BERAT)",
        2,
        4,
        4656700,
        5,
        0.08,
    ),
)
_SEVERITY = {1: "ringan", 2: "sedang", 3: "berat", 4: "fatal"}
_SECONDARY = ("E785", "I509", "K297", "D649", "J449", "M170")


@cache
def usual(rows: int = 4_000) -> pd.DataFrame:
    """Most columns that generators look at, honest, with tied tariffs and a few cut payments."""
    rng = np.random.default_rng(7)
    weight = np.array([case[-1] for case in _CASES])
    case = rng.choice(len(_CASES), rows, p=weight / weight.sum())
    facility = rng.integers(0, 40, rows)
    level = np.array([c[4] for c in _CASES])[case]
    severity = np.array([c[5] for c in _CASES])[case]
    segment = rng.choice([2, 3, 4, 5], rows, p=[0.2, 0.1, 0.4, 0.3])
    room = np.where((level == 2) & (segment == 5), 1.4, 1.0)
    place = np.array([1.0, 1.1, 0.9])[facility % 3]
    odd = rng.choice([1.0, 1.3, 1.9, 2.6], rows, p=[0.9, 0.05, 0.03, 0.02])
    amount = np.round(np.array([c[6] for c in _CASES])[case] * room * place * odd / 100) * 100
    paid = np.where(rng.random(rows) < 0.002, np.round(amount / 200) * 100, amount)
    los = np.where(
        level == 2, np.array([c[7] for c in _CASES])[case] + rng.integers(-2, 4, rows), 0
    )
    starts, sizes = rng.integers(0, 3, rows), rng.integers(0, 4, rows)
    lists = [list(_SECONDARY[i : i + n]) for i, n in zip(starts, sizes, strict=True)]
    number = np.char.add("RS CONTOH ", facility.astype(str))
    return pd.DataFrame(
        {
            "claim_id": [f"9{i:05d}0122V{i:06d}" for i in range(rows)],
            "patient_key": [f"{i:064x}" for i in range(rows)],
            "facility_code": (3300 + facility % 20).astype(str),
            "admit_dt": pd.Timestamp("2022-01-01"),
            "discharge_dt": pd.Timestamp("2022-01-01") + pd.to_timedelta(los.clip(0), unit="D"),
            "los": los.clip(0).astype(np.int64),
            "province_code": np.where(facility < 30, 33, 35),
            "district_code": np.where(facility < 30, 3300, 3500) + facility % 20,
            "facility_ownership_code": np.where(facility % 2, 9, 3),
            "facility_ownership": np.where(facility % 2, "Swasta", "Pemkab"),
            "facility_class_code": np.where(facility % 3, 3, 2),
            "facility_class": np.where(facility % 3, "RS Kelas C", "RS Kelas B"),
            "service_level_code": level,
            "service_type": np.where(level == 2, "RITL", "RJTL"),
            "severity_code": severity,
            "severity_group": [_SEVERITY[int(s)] for s in severity],
            "dx_primary_code": [_CASES[i][0] for i in case],
            "dx_primary_label": [_CASES[i][2] for i in case],
            "dx_primary_group": [_CASES[i][3] for i in case],
            "procedure_code": [_CASES[i][2] for i in case],
            "procedure_label": [_CASES[i][1] for i in case],
            "participant_segment_code": segment,
            "claim_weight": "1.0",
            "amount_claimed": amount,
            "amount_paid": np.minimum(paid, amount),
            "dx_secondary_codes": pd.Series(lists, dtype=LIST),
            "province_name": np.where(facility < 30, "JAWA TENGAH", "JAWA TIMUR"),
            "facility_id": (3300001 + facility).astype(str),
            "facility_name": number,
            "duplicate_pattern": rng.random(rows) < 0.1,
        }
    )


@cache
def bare() -> pd.DataFrame:
    """Only the required columns."""
    return usual()[list(REQUIRED)]


@cache
def nameless() -> pd.DataFrame:
    """Facility columns that are NULL where the master has no such hospital."""
    base = usual().copy()
    lost = np.arange(len(base)) % 3 == 0
    for name in ("facility_id", "facility_name", "facility_ownership"):
        base[name] = base[name].astype("str").mask(lost)
    return base


@cache
def lonely() -> pd.DataFrame:
    """Every peer group has one row."""
    return (
        usual()
        .drop_duplicates(["dx_primary_code", "severity_group", "facility_class", "province_name"])
        .reset_index(drop=True)
    )


@cache
def first(rows: int) -> pd.DataFrame:
    """A base of so many rows."""
    return usual().head(rows).reset_index(drop=True)


WRONG = {"province_code": 99, "facility_class_code": 5, "severity_code": 4, "procedure_label": "X9"}
"""Columns that are wrong in three rows of :func:`mistaken` each, and how."""


@cache
def mistaken() -> pd.DataFrame:
    """A few rows contradict themselves, less than one in a thousand in any one way."""
    base = usual().copy()
    for number, (name, value) in enumerate(WRONG.items()):
        base.loc[[500 + number, 1_500 + number, 2_500 + number], name] = value
    return base


KINDS = {
    "usual": usual,
    "bare": bare,
    "nameless": nameless,
    "lonely": lonely,
    "mistaken": mistaken,
    "ten rows": partial(first, 10),
    "one row": partial(first, 1),
}
"""All kinds by name."""
