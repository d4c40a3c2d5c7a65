"""A synthetic base with patients, facilities and cases, for the realism figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

_CASES = (
    # dx, group, inpatient, severity, tariff
    ("I10", "PENYAKIT KRONIS KECIL LAIN-LAIN", False, "ringan", 1, 190_000),
    ("Z50", "PROSEDUR TERAPI FISIK", False, "ringan", 1, 150_000),
    ("H25", "OPERASI KATARAK", False, "ringan", 1, 5_000_000),
    ("A09", "NYERI ABDOMEN (RINGAN)", True, "sedang", 2, 2_800_000),
    ("K35", "OPERASI APENDIKS (SEDANG)", True, "berat", 3, 5_400_000),
)


def claims(rows: int, seed: int = 0, *, name: str = "p") -> pd.DataFrame:
    """Honest claims; every second patient has two of them."""
    dice = np.random.default_rng(seed)
    case = dice.choice(len(_CASES), rows, p=[0.6, 0.2, 0.05, 0.1, 0.05])
    pick = [np.array([c[i] for c in _CASES], dtype=object)[case] for i in range(6)]
    facility = dice.integers(0, 30, rows)
    inpatient = pick[2].astype(bool)
    los = np.where(inpatient, dice.integers(1, 7, rows), 0)
    amount = pick[5].astype(float) * dice.choice([1.0, 1.05, 1.4], rows)
    admit = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(dice.integers(0, 90, rows), "D")
    secondary = np.empty(rows, dtype=object)
    secondary[:] = [[f"E1{k}" for k in range(n)] for n in dice.integers(0, 3, rows)]
    person = np.where(np.arange(rows) % 3 == 2, np.arange(rows) - 1, np.arange(rows))
    return pd.DataFrame(
        {
            "claim_id": [f"{name}-{seed}-{i}" for i in range(rows)],
            "patient_key": [f"{name}-{seed}-{i}" for i in person],
            "admit_dt": admit,
            "discharge_dt": admit + pd.to_timedelta(los, "D"),
            "los": los,
            "amount_claimed": amount,
            "amount_paid": amount,
            "amount_gap": 0.0,
            "bpjs_payment_ratio": 1.0,
            "comorbidity_count": [len(codes) for codes in secondary],
            "dx_secondary_codes": secondary,
            "peer_mean": pick[5].astype(float) * 1.1,
            "peer_p90": pick[5].astype(float) * 1.4,
            "cost_zscore": dice.normal(0, 1, rows),
            "dx_primary_code": pick[0],
            "dx_primary_group": pick[1],
            "procedure_label": pick[0],
            "severity_group": pick[3],
            "severity_code": pick[4].astype(int),
            "service_type": np.where(inpatient, "RITL", "RJTL"),
            "service_level_code": np.where(inpatient, 2, 1),
            "participant_segment_code": dice.integers(1, 6, rows),
            "poli_type_code": dice.integers(6, 8, rows),
            "province_name": np.array(["BALI", "ACEH", "BANTEN"])[facility % 3],
            "district_code": 1100 + facility // 3,
            "facility_name": [f"RS {number}" for number in facility],
            "facility_class": np.array(["RS Kelas B", "RS Kelas C"])[facility % 2],
            "facility_ownership": np.array(["Swasta", "Pemkab"])[facility % 2],
            "facility_type": "Rumah Sakit",
            "duplicate_pattern": False,
        }
    )
