"""The tables of facts that the demo is made of; they lie beside this module as CSV.

Diagnoses, INA-CBG groups, tariffs and shares follow published aggregates of
BPJS sample data; names of facilities are invented.
"""

from __future__ import annotations

from importlib.resources import files

import pandas as pd

from claimsim_pipeline.claims.invariants import provinces

SEVERITY_SUFFIX = {2: " (RINGAN)", 3: " (SEDANG)", 4: " (BERAT)"}
SEVERITY_GROUP = {1: "ringan", 2: "sedang", 3: "berat", 4: "fatal"}
SEVERITY_SHARE = {2: 0.767, 3: 0.178, 4: 0.055}
"""Of inpatients: INA-CBG levels I, II and III."""
SEVERITY_TARIFF = {1: 1.0, 2: 1.0, 3: 1.42, 4: 1.86}
"""Tariff ladder over level I."""
INPATIENT_SHARE = 0.117


def table(name: str) -> pd.DataFrame:
    """A table of facts by its file name; text stays text."""
    with files(__package__).joinpath(f"{name}.csv").open(encoding="utf-8") as lines:
        return pd.read_csv(lines, keep_default_na=False)


def demo_provinces() -> pd.DataFrame:
    """The twelve provinces of the demo: code, name, weight, tariff factor, districts."""
    names = pd.DataFrame(provinces(), columns=["province_code", "province_name"])
    return table("demo_provinces").merge(names, on="province_code")


def case_types() -> pd.DataFrame:
    """Every case type with its share of all claims, one row per (dx, group, severity).

    Columns: dx, code, label, group, service, severity, share, tariff (Rp, at a
    class C hospital of region 1), profile, visits, stay.
    """
    cases = pd.concat([_outpatient(), _inpatient()], ignore_index=True)
    return cases.assign(share=cases["share"] / cases["share"].sum())


def _outpatient() -> pd.DataFrame:
    """Each outpatient diagnosis in its usual group and, rarely, in a dearer one."""
    usual = table("outpatient_cases").assign(service="RJTL", severity=1, stay=0.0)
    weight = usual["weight"] / usual["weight"].sum() * (1 - INPATIENT_SHARE)
    extras = table("outpatient_extras")
    plain = usual["visits"] == 1
    parts = [usual.assign(share=weight * (1 - plain * extras["share"].sum()))]
    for extra in extras.to_dict("records"):
        dearer = usual[plain & (usual["tariff"] < extra["tariff"])]
        share = weight[dearer.index] * extra["share"]
        parts.append(dearer.assign(group=extra["group"], tariff=extra["tariff"], share=share))
    return pd.concat(parts, ignore_index=True)


def _inpatient() -> pd.DataFrame:
    usual = table("inpatient_cases").assign(service="RITL", visits=1)
    weight = usual["weight"] / usual["weight"].sum() * INPATIENT_SHARE
    levels = [
        usual.assign(
            severity=level,
            group=usual["group"] + SEVERITY_SUFFIX[level],
            tariff=usual["tariff"] * SEVERITY_TARIFF[level],
            share=weight * SEVERITY_SHARE[level],
        )
        for level in SEVERITY_SHARE
    ]
    return pd.concat(levels, ignore_index=True)
