"""A small synthetic population with the columns that the scorer looks at."""

from __future__ import annotations

import numpy as np
import pandas as pd

PROVINCES = ("ACEH", "BALI", "JAWA BARAT", "JAWA TENGAH", "PAPUA")
CLASSES = ("RS Kelas A", "RS Kelas B", "RS Kelas C", "RS Swasta Setara Type C")


def population(rows: int, seed: int = 0) -> pd.DataFrame:
    """Mostly cheap outpatient claims, some inpatient ones, and NULLs where claims have them."""
    dice = np.random.default_rng(seed)
    inpatient = dice.random(rows) < 0.12
    severity = np.where(inpatient, dice.choice(["sedang", "berat", "fatal"], rows), "ringan")
    peer = np.where(inpatient, 4_900_000.0, 330_000.0) * dice.uniform(0.8, 1.2, rows)
    amount = np.round(peer * dice.lognormal(0.0, 0.3, rows) / 100.0) * 100.0
    zscore = (amount - peer) / (peer * 0.3)
    return pd.DataFrame(
        {
            "claim_id": [f"{i:012d}" for i in range(rows)],
            "los": np.where(inpatient, dice.integers(0, 9, rows), 0),
            "amount_claimed": amount,
            "amount_paid": amount,
            "amount_gap": np.zeros(rows),
            "bpjs_payment_ratio": np.ones(rows),
            "comorbidity_count": pd.array(
                np.where(dice.random(rows) < 0.2, np.nan, dice.integers(1, 4, rows)), dtype="Int64"
            ),
            "peer_mean": peer,
            "peer_p90": peer * 1.4,
            "cost_zscore": np.where(dice.random(rows) < 0.1, np.nan, zscore),
            "severity_group": pd.array(severity, dtype="str"),
            "facility_class": pd.array(dice.choice(CLASSES, rows), dtype="str"),
            "province_name": pd.array(dice.choice(PROVINCES, rows), dtype="str"),
            "service_type": pd.array(np.where(inpatient, "RITL", "RJTL"), dtype="str"),
            "duplicate_pattern": dice.random(rows) < 0.05,
        }
    )
