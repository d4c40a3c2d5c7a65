"""The designed signals: for each scenario, the number that gives it away.

One SQL text (signals.sql) on an in-memory DuckDB, over base and stream together.
"""

from __future__ import annotations

from importlib.resources import files

import duckdb
import pandas as pd

SCENARIOS = (
    "upcoding_severity",
    "upcoding_procedure",
    "phantom_physio",
    "phantom_cataract",
    "cloning",
    "repeat_billing",
    "fragmentation",
    "room_class",
    "unnecessary_admission",
    "inflated_topup",
    "prolonged_los",
    "self_referral",
    "cancelled_service",
    "phantom_procedure",
)
"""Names of the signals: those of the scenarios on the answer sheet."""

CONTEXT = (
    "lift",
    "same_day",
    "clones",
    "patient_claims",
    "same_case_14d",
    "stay_gap",
    "times_case",
    "times_peer",
)
"""What the neighbourhood adds to a claim's own columns."""

_NEEDED = (
    "claim_id", "patient_key", "admit_dt", "discharge_dt", "los", "amount_claimed", "severity_code",
    "severity_group", "service_type", "dx_primary_code", "dx_primary_group", "dx_secondary_codes",
    "comorbidity_count", "participant_segment_code", "facility_name", "facility_class",
    "facility_ownership", "district_code",
)  # fmt: skip


def signals(made: pd.DataFrame, base: pd.DataFrame, *, timezone: str) -> pd.DataFrame:
    """The signals and the context of each made claim, in the order of `made`.

    Args:
        made: Simulated claims with their contract columns.
        base: The base they were made from.
        timezone: In which dates are taken.
    """
    text = files(__package__).joinpath("signals.sql").read_text()
    query = text.replace("$columns", ", ".join(_NEEDED)).replace("$timezone", f"'{timezone}'")
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{timezone}'")
        connection.register("made", _plain(made))
        connection.register("base", _plain(base))
        found = connection.execute(query).df()
    return found.set_index("claim_id").loc[made["claim_id"]].reset_index()


def _plain(claims: pd.DataFrame) -> pd.DataFrame:
    needed = claims.loc[:, list(_NEEDED)]
    for name in ("admit_dt", "discharge_dt"):
        if not isinstance(needed[name].dtype, pd.DatetimeTZDtype):
            needed = needed.assign(**{name: pd.to_datetime(needed[name]).dt.tz_localize("UTC")})
    return needed
