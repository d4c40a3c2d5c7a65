"""Every invariant catches a claim that is wrong in just that way."""

from collections.abc import Callable

import pandas as pd
import pytest

from claimsim_pipeline.claims.columns import REQUIRED
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.claims.invariants import INVARIANTS, check_frames, provinces
from claimsim_pipeline.demo.build import build_claims

Breaking = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    return to_pandas(build_claims(800))


def one(claims: pd.DataFrame, where: pd.Series, **values: object) -> pd.DataFrame:
    """The claims with one that fulfils ``where`` changed."""
    broken = claims.copy()
    row = broken.index[where.fillna(False).to_numpy(dtype=bool)][0]
    for name, value in values.items():
        broken[name] = broken[name].astype(object)
        broken.at[row, name] = value
    return broken.infer_objects()


def rjtl(c: pd.DataFrame) -> pd.Series:
    return c["service_type"] == "RJTL"


def ritl(c: pd.DataFrame) -> pd.Series:
    return (c["service_type"] == "RITL") & (c["los"] > 2)


def shifted(c: pd.DataFrame, column: str, days: int, where: pd.Series) -> pd.DataFrame:
    value = c.loc[where, column].iloc[0] + pd.Timedelta(days=days)
    return one(c, where, **{column: value})


def sibling(c: pd.DataFrame, where: pd.Series, **values: object) -> pd.DataFrame:
    """The claims with a copy of one, under another id."""
    copy = c[where.to_numpy()].iloc[[0]].assign(claim_id="SIM-SIBLING", **values)
    return pd.concat([c, copy], ignore_index=True)


BREAKING: dict[str, Breaking] = {
    "I01": lambda c: pd.concat([c, c.iloc[[0]]], ignore_index=True),
    "I02": lambda c: c.assign(
        admit_dt=pd.to_datetime(c["admit_dt"].astype(str)) + pd.Timedelta(hours=1)
    ),
    "I03": lambda c: shifted(c, "discharge_dt", -1, rjtl(c)),
    "I04": lambda c: one(c, ritl(c), los=99),
    "I05": lambda c: one(c, rjtl(c), los=1),
    "I06": lambda c: one(c, rjtl(c), generated_at=pd.Timestamp("2021-01-01", tz="UTC")),
    "I07": lambda c: one(c, rjtl(c), amount_claimed=183_950.0),
    "I08": lambda c: one(c, rjtl(c), amount_paid=1e9),
    "I09": lambda c: one(c, rjtl(c), amount_gap=5.0),
    "I10": lambda c: one(c, rjtl(c), bpjs_payment_ratio=0.5),
    "I11": lambda c: one(c, rjtl(c), province_name="ATLANTIS"),
    "I12": lambda c: one(c, rjtl(c), district_code=9999),
    "I13": lambda c: one(c, rjtl(c), service_level_code=2),
    "I14": lambda c: one(c, rjtl(c), severity_group="berat"),
    "I15": lambda c: one(c, rjtl(c), severity_code=2),
    "I16": lambda c: one(c, rjtl(c), facility_class_code=5),
    "I17": lambda c: one(c, rjtl(c), facility_ownership="POLRI", facility_ownership_code=9),
    "I18": lambda c: one(c, rjtl(c), facility_name="RS Tidak Ada"),
    "I19": lambda c: one(c, rjtl(c), dx_primary_code="X99"),
    "I20": lambda c: one(c, rjtl(c), procedure_label="X999"),
    "I21": lambda c: one(c, rjtl(c), dx_primary_label="Something else"),
    "I22": lambda c: one(c, c["severity_code"] == 2, dx_primary_group="ASMA (BERAT)"),
    "I23": lambda c: one(c, rjtl(c), dx_primary_group="KELOMPOK TIDAK DIKENAL"),
    "I24": lambda c: one(c, c["comorbidity_count"].notna(), comorbidity_count=9),
    "I25": lambda c: one(
        c,
        (c["dx_primary_code"] == "I10") & c["comorbidity_count"].eq(1),
        dx_secondary_codes=["I10"],
    ),
    "I26": lambda c: one(c, rjtl(c), peer_key="a|b|c|d"),
    "I27": lambda c: one(c, rjtl(c), peer_mean=1.0),
    "I28": lambda c: one(c, c["cost_zscore"].notna(), cost_zscore=42.0),
    "I29": lambda c: one(c, ~c["duplicate_pattern"], duplicate_pattern=True),
    "I30": lambda c: sibling(c, c["dx_primary_code"] == "N40", dx_primary_code="O80"),
    "I31": lambda c: sibling(c, ritl(c)),
    "I32": lambda c: one(c, rjtl(c), claim_id="600010199V000001"),
    "I33": lambda c: one(c, rjtl(c), dx_primary_code="P59"),
    "I34": lambda c: one(c, rjtl(c), dx_primary_group="PERSALINAN VAGINAL"),
}


def test_every_invariant_has_its_own_breaking() -> None:
    assert list(BREAKING) == [invariant.id for invariant in INVARIANTS]
    assert len(BREAKING) == 34


@pytest.mark.parametrize("name", BREAKING)
def test_a_claim_that_breaks_an_invariant_is_counted(name: str, base: pd.DataFrame) -> None:
    claims = BREAKING[name](base.head(1_000).reset_index(drop=True))
    report = check_frames(claims, base).set_index("id")
    assert report.loc[name, "form"] == "strict"
    assert report.loc[name, "violations"] > 0


def test_claims_that_are_right_break_none(base: pd.DataFrame) -> None:
    assert check_frames(base, base)["violations"].sum() == 0


def test_only_the_claims_asked_for_are_checked_but_siblings_are_found(base: pd.DataFrame) -> None:
    twin = sibling(base, ritl(base))
    report = check_frames(twin, base).set_index("id")
    assert report.loc["I31", "violations"] == 2


def test_predicates_whose_columns_a_table_lacks_do_not_apply(base: pd.DataFrame) -> None:
    small = base.loc[:, list(REQUIRED)]
    report = check_frames(small, small).set_index("id")
    assert report.loc["I29", "form"] == "does not apply"
    assert report.loc["I04", "form"] == "strict"
    assert report["violations"].sum() == 0


def test_predicates_do_not_apply_to_columns_of_other_types(base: pd.DataFrame) -> None:
    other = base.assign(
        facility_class=base["facility_class_code"],
        admit_dt=pd.to_datetime(base["admit_dt"].astype(str)).dt.strftime("%d/%m/%Y"),
        dx_secondary_codes=[";".join([] if v is None else v) for v in base["dx_secondary_codes"]],
    )
    report = check_frames(other, other).set_index("id")
    forms = report["form"]
    assert set(forms[["I02", "I04", "I05", "I16", "I24", "I25", "I27", "I31"]]) == {
        "does not apply"
    }
    assert set(forms[["I06", "I07", "I30", "I32"]]) == {"strict"}
    assert report["violations"].sum() == 0


def test_a_predicate_that_the_base_breaks_is_relaxed_and_said_so(base: pd.DataFrame) -> None:
    odd = base.assign(
        amount_claimed=base["amount_claimed"] + 50,
        facility_id=base["facility_id"].where(base.index % 20 != 0),
    )
    report = check_frames(odd, odd).set_index("id")
    assert report.loc["I07", "form"] == "relaxed"
    assert report.loc["I18", "form"] in {"unless NULL", "relaxed"}
    assert report.loc["I07", "violations"] == 0


def test_there_are_34_provinces() -> None:
    assert len(provinces()) == len({code for code, _ in provinces()}) == 34
