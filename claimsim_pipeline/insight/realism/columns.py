"""Which contract columns each measurement looks at, and how a column becomes numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NUMERIC = (
    "los",
    "amount_claimed",
    "amount_paid",
    "amount_gap",
    "bpjs_payment_ratio",
    "comorbidity_count",
    "peer_mean",
    "peer_p90",
    "cost_zscore",
)
"""The numbers whose distributions and correlations are compared."""

CATEGORICAL = (
    "province_name",
    "district_code",
    "facility_class",
    "facility_ownership",
    "facility_type",
    "service_type",
    "severity_group",
    "dx_primary_code",
    "dx_primary_group",
    "procedure_label",
    "participant_segment_code",
    "poli_type_code",
    "duplicate_pattern",
)
"""The categories whose shares and pairings are compared: with the numbers 22 columns."""

FAIR_NUMERIC = ("los", "amount_claimed", "amount_paid", "comorbidity_count")
FAIR_CATEGORICAL = (
    "province_name",
    "district_code",
    "facility_class",
    "facility_ownership",
    "service_type",
    "severity_group",
    "dx_primary_code",
    "dx_primary_group",
    "participant_segment_code",
)
"""The 13 columns that nothing else determines: what a discriminator is fairly shown."""

DETECT_NUMERIC = NUMERIC + ("service_level_code", "severity_code")
DETECT_CATEGORICAL = tuple(name for name in CATEGORICAL if name != "district_code")
"""What a detector of single claims may read: no dates, no persons, no single facility."""

FACILITY = ("facility_id", "facility_name", "facility_code", "district_code", "district_name")
"""Columns that name a facility or its district: context, reported apart."""


def present(names: Sequence[str], *frames: pd.DataFrame) -> list[str]:
    """Those of the columns that all frames have."""
    return [name for name in names if all(name in frame.columns for frame in frames)]


def numbers(column: pd.Series) -> NDArray[np.float64]:
    """A column of numbers; missing is NaN, except that no comorbidity is none."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.nan_to_num(values, nan=0.0) if column.name == "comorbidity_count" else values


def codes(*columns: pd.Series) -> list[NDArray[np.int64]]:
    """Columns of categories as numbers on one shared scale; missing is a category."""
    texts = [column.astype(object).where(column.notna(), "").astype(str) for column in columns]
    shared = pd.factorize(pd.concat(texts, ignore_index=True), sort=True)[0].astype(np.int64)
    return np.split(shared, np.cumsum([len(text) for text in texts])[:-1])


def bins(count: int, *columns: pd.Series) -> list[NDArray[np.int64]]:
    """Columns of numbers cut at the quantiles of the first; missing is a bin of its own."""
    values = [numbers(column) for column in columns]
    known = values[0][~np.isnan(values[0])]
    inner = np.linspace(0, 1, count + 1)[1:-1]
    edges = np.unique(np.quantile(known if len(known) else np.zeros(1), inner))
    cut = [np.where(np.isnan(v), count, np.searchsorted(edges, v, side="left")) for v in values]
    return [cells.astype(np.int64) for cells in cut]
