"""The realism figures: good where claims are good, bad where they are spoiled on purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.insight.realism import columns as c
from claimsim_pipeline.insight.realism.detect import detectability, learning_curve
from claimsim_pipeline.insight.realism.discriminator import auroc, fair_auc
from claimsim_pipeline.insight.realism.privacy import privacy
from claimsim_pipeline.insight.realism.quality import quality
from claimsim_pipeline.insight.realism.signals import SCENARIOS, signals
from claimsim_pipeline_tests.insight.realism_population import claims

TRAIN, HOLDOUT, MADE = claims(1_500, 1), claims(1_500, 2), claims(1_500, 3)


def test_claims_of_the_same_population_have_a_quality_near_one() -> None:
    measured = quality(HOLDOUT, MADE)
    assert measured.overall > 0.95
    assert len(measured.shapes) == 22
    assert len(measured.pairs) == 22 * 21 / 2


def test_identical_claims_have_a_quality_of_one() -> None:
    measured = quality(HOLDOUT, HOLDOUT)
    assert measured.shape == pytest.approx(1.0)
    assert measured.pair == pytest.approx(1.0)


def test_shuffled_columns_keep_their_shapes_and_lose_their_pairs() -> None:
    dice = np.random.default_rng(0)
    loose = MADE.apply(lambda column: column.to_numpy()[dice.permutation(len(MADE))])
    measured, joint = quality(HOLDOUT, loose), quality(HOLDOUT, MADE)
    assert measured.shape == pytest.approx(joint.shape, abs=0.01)
    assert measured.pair < joint.pair - 0.05


def test_a_spoiled_column_is_named_as_the_worst() -> None:
    measured = quality(HOLDOUT, MADE.assign(los=MADE["los"] + 9))
    assert measured.worst(1).startswith("los 0.0")


def test_columns_that_one_side_lacks_are_left_out() -> None:
    assert "peer_mean" not in quality(HOLDOUT.drop(columns="peer_mean"), MADE).shapes


@pytest.mark.slow
def test_the_fair_discriminator_sees_thirteen_columns_and_cannot_tell_equals_apart() -> None:
    assert len(c.FAIR_NUMERIC) + len(c.FAIR_CATEGORICAL) == 13
    assert 0.4 < fair_auc(HOLDOUT, MADE, rows=800) < 0.6


@pytest.mark.slow
def test_the_fair_discriminator_finds_scaled_amounts() -> None:
    scaled = MADE.assign(amount_claimed=MADE["amount_claimed"] * 1.07)
    assert fair_auc(HOLDOUT, scaled, rows=800) > 0.9


def test_copies_of_known_rows_are_closer_to_them_than_strangers_are() -> None:
    copied = privacy(TRAIN, HOLDOUT, TRAIN.sample(400, random_state=0), rows=400)
    strange = privacy(TRAIN, HOLDOUT, MADE, rows=400)
    assert copied.near_train == 1.0
    assert copied.closer_to_train > strange.closer_to_train + 0.05
    assert 0.4 < strange.closer_to_train < 0.6
    assert strange.near_train == pytest.approx(strange.near_holdout, abs=0.1)


def test_identifiers_of_the_base_are_counted() -> None:
    borrowed = MADE.assign(patient_key=[*TRAIN["patient_key"][:7], *MADE["patient_key"][7:]])
    assert privacy(TRAIN, HOLDOUT, borrowed, rows=50).overlap == 7
    assert privacy(TRAIN, HOLDOUT, MADE, rows=50).overlap == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_auroc_is_the_chance_of_the_right_order(rows: list[tuple[bool, int]]) -> None:
    ones = [score for label, score in rows if label]
    noughts = [score for label, score in rows if not label]
    measured = auroc(np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=float))
    if not ones or not noughts:
        assert np.isnan(measured)
    else:
        wins = sum((a > b) + (a == b) / 2 for a in ones for b in noughts)
        assert measured == pytest.approx(wins / (len(ones) * len(noughts)))


def _one(service: str, **changes: object) -> pd.DataFrame:
    """One claim of a fresh patient, spoiled."""
    row = MADE[MADE["service_type"] == service].head(1).assign(claim_id="bad", patient_key="bad")
    return row.assign(**changes)


SPOILED = {
    "upcoding_severity": _one("RITL", severity_code=4, severity_group="fatal", comorbidity_count=0),
    "upcoding_procedure": _one("RJTL", amount_claimed=60_000_000.0),
    "room_class": _one(
        "RITL", participant_segment_code=2, dx_primary_code="A09", severity_group="sedang",
        amount_claimed=2_800_000 * 1.4 * 1.05,
    ),
    "unnecessary_admission": _one("RITL", los=1, dx_primary_code="I10"),
    "inflated_topup": _one("RITL", amount_claimed=90_000_000.0),
    "prolonged_los": _one("RITL", los=40),
    "phantom_procedure": _one("RITL", dx_primary_group="OPERASI JANTUNG"),
}  # fmt: skip


@pytest.fixture(scope="module")
def spoiled() -> pd.DataFrame:
    """The signals of honest claims and of one spoiled claim a scenario, by claim."""
    bad = [row.assign(claim_id=name, patient_key=name) for name, row in SPOILED.items()]
    made = pd.concat([MADE, *bad], ignore_index=True)
    return pd.DataFrame(signals(made, TRAIN, timezone="Asia/Jakarta")).set_index(made["claim_id"])


@pytest.mark.parametrize("scenario", SPOILED)
def test_the_signal_of_a_scenario_singles_its_claims_out(
    spoiled: pd.DataFrame, scenario: str
) -> None:
    found = spoiled[scenario]
    assert found[scenario] >= found.quantile(0.95)


GROUPS = {
    "phantom_cataract": {"dx_primary_code": "H25"},
    "phantom_physio": {"dx_primary_code": "Z50"},
    "cloning": {},
}


@pytest.mark.parametrize("scenario", GROUPS)
@pytest.mark.slow
def test_groups_of_claims_are_seen_together(scenario: str) -> None:
    rows = pd.concat([_one("RJTL", facility_name="RS 1", **GROUPS[scenario])] * 12)
    rows = rows.assign(claim_id=[f"bad-{i}" for i in range(12)])
    rows = rows.assign(patient_key=rows["claim_id"])
    found = signals(pd.concat([MADE, rows], ignore_index=True), TRAIN, timezone="Asia/Jakarta")
    assert found[scenario].iloc[-12:].min() > found[scenario].iloc[:-12].quantile(0.99)


@pytest.mark.parametrize(
    ("scenario", "days", "facility"),
    [("repeat_billing", 2, "RS 1"), ("fragmentation", 1, "RS 1"), ("self_referral", 1, "RS 2")],
)
def test_second_claims_of_a_patient_are_seen(scenario: str, days: int, facility: str) -> None:
    first = _one("RITL", los=0, claim_id="bad-1", facility_name="RS 1")
    first = first.assign(discharge_dt=first["admit_dt"])
    later = {name: first[name] + pd.Timedelta(days, "D") for name in ("admit_dt", "discharge_dt")}
    second = first.assign(claim_id="bad-2", facility_name=facility, **later)
    found = signals(pd.concat([MADE, first, second]), TRAIN, timezone="Asia/Jakarta")[scenario]
    assert found.iloc[-1] > found.iloc[:-2].median()
    assert found.iloc[-2] > found.iloc[:-2].median()


@pytest.mark.slow
def test_a_learning_curve_has_the_auroc_of_each_number_of_claims() -> None:
    made = claims(900, 3)
    fraud = (made["los"] > made["los"].median()).to_numpy(dtype=bool)
    curve = learning_curve(made, fraud, (300, 900, 5_000))
    assert list(curve) == [300, 900]
    assert min(curve.values()) > 0.95


@pytest.mark.slow
def test_detectability_reports_every_part_per_service_type() -> None:
    dice = np.random.default_rng(5)
    made = MADE.assign(rule_score=0.0, ml_score=dice.random(len(MADE)))
    fraud = dice.random(len(made)) < 0.3
    made.loc[fraud, "amount_claimed"] *= 2
    scenario = pd.Series(np.where(fraud, "upcoding_procedure", None), dtype=object)
    signs = signals(made, TRAIN, timezone="Asia/Jakarta")
    found = detectability(made, fraud, scenario, signs)
    assert set(found.rules) == {"all", "RITL", "RJTL"}
    assert found.rules["all"] == 0.5
    assert found.context["all"] > 0.9
    assert found.scenarios["upcoding_procedure"].claims == fraud.sum()
    assert found.scenarios["cloning"].claims == 0
    assert set(found.scenarios) == set(SCENARIOS)
    assert found.strongest("RJTL")[0] in {"amount_claimed", "amount_paid", "cost_zscore"}
