"""What follows from a claim's facts is computed once, and right."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.claims.columns import CASE_BLOCK, COLUMNS, FACILITY_BLOCK, FREE
from claimsim_pipeline.claims.consequences import derive
from claimsim_pipeline.claims.frames import to_pandas
from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.claims.reference import BaseColumn, Reference
from claimsim_pipeline.demo.build import build_claims
from claimsim_pipeline_tests.examples import examples

COUNT = 3_000


@cache
def base() -> pd.DataFrame:
    return to_pandas(build_claims(COUNT))


def key(block: tuple[str, ...]) -> pd.Series:
    return pd.util.hash_pandas_object(base()[list(block)].astype(str), index=False)


@cache
def keyed() -> pd.DataFrame:
    """The base with the keys of its blocks."""
    return base().assign(facility_key=key(FACILITY_BLOCK), case_key=key(CASE_BLOCK))


@cache
def reference() -> Reference:
    rows = keyed()
    peers = rows.groupby("peer_key", as_index=False)[["peer_mean", "peer_p90", "peer_std"]].first()
    return Reference(
        columns=tuple(BaseColumn(name, column.type) for name, column in COLUMNS.items()),
        donors=rows[["facility_key", "case_key", *FREE]],
        facilities=rows[["facility_key", *FACILITY_BLOCK]].drop_duplicates("facility_key"),
        cases=rows[["case_key", *CASE_BLOCK]].drop_duplicates("case_key"),
        peers=peers.assign(peer_size=1),
        secondary_labels={"I10": "Essential (primary) hypertension"},
        duplicate_rate=0.1,
    )


def drafts(rows: list[int], window: str = "2026-11-23-14:30") -> pd.DataFrame:
    """Drafts that take their facts from base rows, each of its own patient."""
    count = len(rows)
    due = pd.Timestamp("2026-11-23 07:30", tz="UTC") + pd.to_timedelta(np.arange(count), unit="s")
    return (
        keyed()
        .iloc[rows][["facility_key", "case_key", *FREE]]
        .reset_index(drop=True)
        .assign(
            key=[f"{window}/{n}" for n in range(count)],
            claim_id=[f"SIM-{n:012X}" for n in range(count)],
            due_at=pd.Series(due).astype("datetime64[us, UTC]"),
            patient=np.arange(count),
            care_end_days=[n % 15 for n in range(count)],
        )
    )


row_lists = st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=80)


def derived(facts: pd.DataFrame) -> pd.DataFrame:
    return derive(facts, reference(), timezone="Asia/Jakarta")


@examples(10)
@given(row_lists)
def test_whatever_the_facts_no_invariant_is_broken(rows: list[int]) -> None:
    report = check_frames(derived(drafts(rows)), base())
    assert report["violations"].sum() == 0, report[report["violations"] > 0]


@examples(8)
@given(row_lists)
def test_a_claim_comes_out_the_same_alone_and_among_others(rows: list[int]) -> None:
    facts = drafts(rows)
    together = derived(facts)
    alone = pd.concat([derived(facts.iloc[[n]]) for n in range(min(3, len(facts)))])
    head = together.head(len(alone))
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), head, check_dtype=False)


def test_columns_are_those_of_the_contract_in_its_order() -> None:
    assert list(derived(drafts([1, 2, 3])).columns) == list(COLUMNS)


def test_dates_are_local_and_care_ends_before_the_claim() -> None:
    late = drafts([0]).assign(
        due_at=pd.Series([pd.Timestamp("2026-11-23 18:00", tz="UTC")]).astype("datetime64[us, UTC]")
    )
    claim = derived(late).iloc[0]
    assert str(claim["discharge_dt"]) == "2026-11-24"


def test_two_visits_of_one_patient_within_three_days_are_a_duplicate_pattern() -> None:
    facts = drafts([5, 5, 5]).assign(patient=[1, 1, 2], care_end_days=[4, 2, 3])
    claims = derived(facts)
    assert claims["duplicate_pattern"].tolist() == [True, True, False]
    assert claims["patient_key"].nunique() == 2


def test_stand_ins_differ_between_windows_and_never_come_from_the_base() -> None:
    one, other = derived(drafts([1, 2])), derived(drafts([1, 2], window="2026-11-23-15:00"))
    assert not set(one["patient_key"]) & set(other["patient_key"])
    assert not set(one["patient_key"]) & set(base()["patient_key"])
    assert one["patient_key"].str.fullmatch("[0-9a-f]{64}").all()


def test_codes_follow_from_names_where_the_base_has_only_names() -> None:
    bare = reference().cases.assign(severity_code=pd.NA, service_level_code=pd.NA)
    nameless = Reference(**{**vars(reference()), "cases": bare})
    claims = derive(drafts(list(range(200))), nameless, timezone="Asia/Jakarta")
    assert claims["severity_code"].tolist() == base()["severity_code"].head(200).tolist()
    assert claims["service_level_code"].tolist() == base()["service_level_code"].head(200).tolist()


def test_a_key_that_names_no_block_is_an_error() -> None:
    with pytest.raises(KeyError, match="facility_key 7"):
        derived(drafts([1]).assign(facility_key=np.uint64(7)))
