"""The anomaly model: faithful to scikit-learn, blind to neighbours, refused when damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimsim_pipeline.errors import ModelUnusable, ScoringError
from claimsim_pipeline.scoring.anomaly import AnomalyModel
from claimsim_pipeline.scoring.features import COLUMNS
from claimsim_pipeline.scoring.keeping import current_model
from claimsim_pipeline.scoring.training import SEED, TrainedModel, train
from claimsim_pipeline_tests.examples import examples
from claimsim_pipeline_tests.scoring.population import population

BASE = population(4_000)


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return train(BASE, base_fingerprint="base-1")


@pytest.fixture(scope="module")
def model(trained: TrainedModel) -> AnomalyModel:
    return trained.ready()


@pytest.fixture(scope="module")
def everyone(model: AnomalyModel) -> tuple[np.ndarray, np.ndarray]:
    """The scores of the whole base."""
    return model.score(BASE)


@pytest.fixture
def folder(trained: TrainedModel, tmp_path: Path) -> Path:
    trained.save(tmp_path / "models")
    return tmp_path / "models"


def test_scores_agree_with_scikit_learns_decision_function(model: AnomalyModel) -> None:
    from sklearn.ensemble import IsolationForest

    rows = model.manifest.features.matrix(BASE)
    forest = IsolationForest(n_estimators=200, contamination=0.03, random_state=SEED).fit(rows)
    strangers = population(3_000, seed=9)
    expected = -forest.decision_function(model.manifest.features.matrix(strangers))
    np.testing.assert_allclose(model.score(strangers)[0], expected, atol=1e-5)


def test_about_three_per_cent_of_the_base_lie_above_the_line(model: AnomalyModel) -> None:
    ml_score, normalized = model.score(BASE)
    assert 0.025 <= (normalized >= 0.7).mean() <= 0.035
    assert ((ml_score > 1e-6) <= (normalized >= 0.7)).all()
    assert np.median(normalized) < 0.35


def test_calibration_is_monotone_and_stays_between_nought_and_one(model: AnomalyModel) -> None:
    values = model.manifest.calibration(np.linspace(-1.0, 1.0, 2_001))
    assert (np.diff(values) >= 0).all()
    assert values[0] == 0.0
    assert values[-1] == 1.0


@given(
    rows=st.lists(st.integers(0, len(BASE) - 1), min_size=1, max_size=40),
    size=st.sampled_from([1, 2, 7, 40]),
)
@examples(15)
def test_a_claims_scores_do_not_depend_on_its_neighbours(
    model: AnomalyModel, everyone: tuple[np.ndarray, np.ndarray], rows: list[int], size: int
) -> None:
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        for alone, among_all in zip(model.score(BASE.iloc[some]), everyone, strict=True):
            assert alone.tobytes() == among_all[some].tobytes()


@pytest.mark.slow
def test_scoring_many_is_scoring_each(model: AnomalyModel) -> None:
    many = pd.concat([population(70_000, seed=4), BASE.head(10)], ignore_index=True)
    assert model.score(many)[0][-10:].tobytes() == model.score(BASE.head(10))[0].tobytes()


def test_equal_claims_have_equal_scores_in_their_places(model: AnomalyModel) -> None:
    few = population(40, seed=7)
    order = np.random.default_rng(1).integers(0, len(few), 500)
    scores, _ = model.score(few.iloc[order].reset_index(drop=True))
    np.testing.assert_array_equal(scores, model.score(few)[0][order])


def test_no_claims_have_no_scores(model: AnomalyModel) -> None:
    ml_score, normalized = model.score(BASE.head(0))
    assert len(ml_score) == len(normalized) == 0


def test_nulls_unknown_categories_and_infinities_get_a_finite_score(model: AnomalyModel) -> None:
    odd = BASE.head(4).assign(
        cost_zscore=[np.nan, np.inf, -np.inf, 1e300],
        province_name=["ATLANTIS", None, "BALI", ""],
        amount_claimed=None,
    )
    assert np.isfinite(model.score(odd)[0]).all()


@pytest.mark.parametrize("kind", ["decimal", "text", "nullable", "object"])
def test_how_a_database_types_an_amount_does_not_matter(model: AnomalyModel, kind: str) -> None:
    amounts = BASE["amount_claimed"].head(50)
    whole = [int(amount) for amount in amounts]
    typed = {
        "decimal": pd.array(whole, dtype=pd.ArrowDtype(pa.decimal128(18, 2))),
        "text": pd.array([str(amount) for amount in whole], dtype="str"),
        "nullable": pd.array(whole, dtype="Int64"),
        "object": np.array([Decimal(amount) for amount in whole], dtype=object),
    }[kind]
    scores = model.score(BASE.head(50).assign(amount_claimed=typed))[0]
    assert scores.tobytes() == model.score(BASE.head(50))[0].tobytes()


def test_column_order_and_further_columns_do_not_matter(model: AnomalyModel) -> None:
    turned = BASE[BASE.columns[::-1]].assign(whim=1)
    assert model.score(turned)[0].tobytes() == model.score(BASE)[0].tobytes()


def test_the_same_sample_gives_the_same_model(trained: TrainedModel) -> None:
    again = train(BASE, base_fingerprint="base-1")
    assert again.trees == trained.trees
    assert again.manifest.version == trained.manifest.version


def test_a_kept_model_scores_as_the_trained_one(folder: Path, model: AnomalyModel) -> None:
    loaded = AnomalyModel.load(folder)
    assert loaded.version == model.version
    assert loaded.score(BASE)[1].tobytes() == model.score(BASE)[1].tobytes()


@pytest.mark.slow
def test_loading_and_scoring_need_no_scikit_learn(folder: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from claimsim_pipeline.scoring.anomaly import AnomalyModel\n"
        f"AnomalyModel.load(pathlib.Path({str(folder)!r}))\n"
        "raise SystemExit(any(n.split('.')[0] in {'sklearn', 'onnx'} for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", ["model.onnx", "model.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped"])
def test_a_damaged_file_is_refused(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        place = data.rindex(b"0") if name == "model.json" else len(data) // 2
        data[place] ^= 1
        path.write_bytes(data)
    with pytest.raises(ModelUnusable, match="refresh-scores"):
        AnomalyModel.load(folder)


def test_a_model_of_another_format_is_refused(folder: Path) -> None:
    sealed = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(sealed | {"format": 99}))
    with pytest.raises(ModelUnusable, match="format"):
        AnomalyModel.load(folder)


def test_the_halves_of_two_models_are_refused(folder: Path) -> None:
    other = train(population(1_500, seed=5))
    (folder / "model.onnx").write_bytes(other.trees)
    with pytest.raises(ModelUnusable, match="not those of its manifest"):
        AnomalyModel.load(folder)


def test_claims_without_a_trained_column_are_refused(model: AnomalyModel) -> None:
    with pytest.raises(ModelUnusable, match="peer_mean"):
        model.score(BASE.drop(columns="peer_mean"))


def test_too_few_rows_cannot_train() -> None:
    with pytest.raises(ScoringError, match="rules only"):
        train(BASE.head(999))


class TestKeeping:
    """Which model scores: the kept one, a new one, or none."""

    def test_a_model_that_fits_is_loaded_not_trained(self, folder: Path) -> None:
        kept = current_model(folder, "base-1", len(BASE), _no_sample)
        assert kept.model is not None
        assert not kept.trained

    @pytest.mark.parametrize("reason", ["absent", "damaged", "changed base", "asked for"])
    @pytest.mark.slow
    def test_otherwise_it_is_trained_and_kept(self, folder: Path, reason: str) -> None:
        if reason == "absent":
            (folder / "model.json").unlink()
        if reason == "damaged":
            (folder / "model.onnx").write_bytes(b"not a graph")
        fingerprint = "base-2" if reason == "changed base" else "base-1"
        asked = reason == "asked for"
        kept = current_model(folder, fingerprint, len(BASE), lambda: BASE, retrain=asked)
        assert kept.trained
        assert AnomalyModel.load(folder).manifest.base_fingerprint == fingerprint

    def test_a_small_base_means_rules_only_and_says_so(self, tmp_path: Path) -> None:
        kept = current_model(tmp_path, "base-1", 999, _no_sample)
        assert kept.model is None
        assert "rules only" in kept.notes[0]

    def test_columns_that_are_missing_are_left_out_and_named(self, tmp_path: Path) -> None:
        poor = BASE.drop(columns=["peer_mean", "cost_zscore"]).assign(peer_p90=None)
        kept = current_model(tmp_path, "base-1", len(poor), lambda: poor)
        assert kept.model is not None
        assert set(kept.model.features) == set(COLUMNS) - {"peer_mean", "cost_zscore", "peer_p90"}
        assert "peer_mean, peer_p90, cost_zscore" in kept.notes[-1]


def _no_sample() -> pd.DataFrame:
    raise AssertionError("nothing had to be trained")
