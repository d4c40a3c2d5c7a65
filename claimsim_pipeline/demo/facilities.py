"""The facilities of the demo: invented hospitals in real provinces."""

from __future__ import annotations

import numpy as np
import pandas as pd

from claimsim_pipeline.demo.tables import demo_provinces, table

_PER_DISTRICT = 4


def build_facilities(rng: np.random.Generator) -> pd.DataFrame:
    """One row per facility: the facility block, its weight and its tariff factor."""
    places = _districts()
    frame = places.loc[places.index.repeat(_PER_DISTRICT)].reset_index(drop=True)
    count = len(frame)
    classes = table("facility_classes")
    chosen = classes.iloc[
        rng.choice(len(classes), count, p=classes["weight"] / classes["weight"].sum())
    ].reset_index(drop=True)
    owners = [
        _one_of(options, u) for options, u in zip(chosen["owners"], rng.random(count), strict=True)
    ]
    frame = frame.assign(
        facility_class_code=chosen["code"],
        facility_class=chosen["class"],
        facility_ownership_code=owners,
        factor=frame["factor"] * chosen["factor"],
        weight=frame["weight"] / _PER_DISTRICT * rng.lognormal(0.0, 0.5, count),
    )
    return _neighbours(_named(frame, rng))


def _districts() -> pd.DataFrame:
    provinces = demo_provinces()
    rows = [
        {
            "province_code": p["province_code"],
            "province_name": p["province_name"],
            "district_code": p["province_code"] * 100 + 70 * name.startswith("KOTA") + n,
            "district_name": name,
            "factor": p["factor"],
            "weight": p["weight"] / (p["districts"].count(";") + 1),
        }
        for p in provinces.to_dict("records")
        for n, name in enumerate(p["districts"].split(";"), start=1)
    ]
    return pd.DataFrame(rows)


def _one_of(options: str | int, uniform: float) -> int:
    codes = str(options).split(";")
    return int(codes[int(uniform * len(codes))])


def _named(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Invented names: two words and a number, which no hospital of that country carries."""
    words = table("facility_names")
    pairs = rng.permutation(len(words) ** 2)[: len(frame)]
    first, second = np.divmod(pairs, len(words))
    number = frame.groupby("district_code").cumcount() + 1
    owners = table("ownerships").set_index("code")
    return frame.assign(
        facility_name="RS "
        + words["first"].take(first).reset_index(drop=True)
        + " "
        + words["second"].take(second).reset_index(drop=True)
        + " "
        + pd.Series(np.arange(1, len(frame) + 1)).astype(str),
        facility_id=(frame["district_code"] * 1000 + number).astype(str),
        facility_code=frame["district_code"].astype(str),
        facility_type_code=1,
        facility_type="Rumah Sakit",
        facility_ownership=owners["ownership"].loc[frame["facility_ownership_code"]].to_numpy(),
        region_owner=owners["region_name"].loc[frame["facility_ownership_code"]].to_numpy(),
        facility_match_quality="exact",
        short_code=60_000 + np.arange(len(frame)),
    )


def _neighbours(frame: pd.DataFrame) -> pd.DataFrame:
    """The ``region_*`` columns: who else is of that class and owner in the district."""
    letters = frame["facility_class"].str[-1]
    group = [frame["district_code"], frame["facility_class"], frame["facility_ownership_code"]]
    names = frame.groupby(group)["facility_name"].transform(lambda names: "; ".join(sorted(names)))
    return frame.assign(
        region_facility_names=names,
        region_ownership_names=frame["region_owner"],
        region_facility_type_names="RUMAH SAKIT",
        region_facility_class_names=letters,
    )
