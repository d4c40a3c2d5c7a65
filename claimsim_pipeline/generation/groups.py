"""What the claims of one group share: a clone its record, a patient their membership."""

from __future__ import annotations

import numpy as np
import pandas as pd

from claimsim_pipeline.generation.typology import typology

_RECORD = ["los", "dx_secondary_codes", "amount_claimed", "amount_paid"]
_BILL = ["amount_claimed", "amount_paid"]
_MEMBERSHIP = ["participant_segment_code", "claim_weight"]


def align(drafts: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Drafts whose groups agree in what their scenario makes equal.

    Args:
        drafts: In the order of ``told``; groups are whole.
        told: The briefs' frame: unit, member, patient, scenario.
    """
    unit = told["unit"].to_numpy()
    heads = np.flatnonzero(told["member"].to_numpy() == 0)
    heads = heads[np.argsort(unit[heads], kind="stable")]
    head = heads[np.searchsorted(unit[heads], unit)]
    later = np.flatnonzero(told["member"].to_numpy() > 0)
    patient = told["patient"].to_numpy()
    scenario = told["scenario"].iloc[later].to_numpy(dtype=object, na_value="")
    clones = [name for name, s in typology().scenarios.items() if s.kind == "clones"]
    shared = {
        "record": (np.isin(scenario.astype(str), clones), _RECORD),
        "bill": (scenario == "repeat_billing", _BILL),
        "person": (patient[later] == patient[head[later]], _MEMBERSHIP),
    }
    aligned = drafts
    for mask, columns in shared.values():
        if mask.any():
            source = np.arange(len(drafts))
            source[later[mask]] = head[later[mask]]
            copied = {name: aligned[name].take(source).array for name in columns}
            aligned = aligned.assign(**copied)
    return aligned
