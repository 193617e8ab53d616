import numpy as np
import pandas as pd
import pytest

from builders.predictions import predictions
from mammo_core.evaluation import baselines
from mammo_core.evaluation.baselines import STATISTICS, baseline_scores, image_and_age_scores, image_statistics


def test_image_statistics_match_hand_calculation():
    images = np.zeros((2, 4, 4), np.uint8)
    images[0, :2] = 51
    statistics = image_statistics(images)
    assert list(statistics) == list(STATISTICS)
    assert statistics.iloc[0].tolist() == pytest.approx([0.5, 0.2, 0, *[0.2] * 7], abs=1e-12)
    assert statistics.iloc[1].tolist() == [0.0] * 10  # an empty image


def test_image_statistics_of_two_grey_levels_match_hand_calculation():
    image = np.array([[[0, 51], [255, 0]]], np.uint8)  # 0.2 and 1 inside the breast
    row = image_statistics(image).iloc[0]
    assert (row["image_area"], row["image_mean"], row["image_deviation"]) == pytest.approx((0.5, 0.6, 0.4))
    assert (row["image_p5"], row["image_p50"], row["image_p95"]) == pytest.approx((0.24, 0.6, 0.96))


def test_baseline_scores_are_fitted_on_training_part():
    table, training = predictions(), predictions(seed=9)
    training["age"] = 50.0 + 20 * training["label"]
    scores = baseline_scores(table, training)
    assert list(scores) == ["age_only"]
    assert np.corrcoef(scores["age_only"], table["age"])[0, 1] > 0.9
    training["age"] = 70.0 - 20 * training["label"]  # in this training part the young have cancer
    assert np.corrcoef(baseline_scores(table, training)["age_only"], table["age"])[0, 1] < -0.9


def test_baseline_scores_without_training_part_are_ages_and_median():
    table = pd.DataFrame({"age": [40.0, np.nan, 60.0, 50.0]})
    assert baseline_scores(table, None)["age_only"].tolist() == [40, 50, 60, 50]


def test_baseline_scores_image_statistics_need_training_part():
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.random((20, len(STATISTICS))), columns=list(STATISTICS))
    table["label"] = (table["image_mean"] > 0.5).astype(int)
    assert baseline_scores(table, None) == {}
    scores = baseline_scores(table, table)["image_statistics"]
    assert scores[table["label"] == 1].mean() > scores[table["label"] == 0].mean()


def test_baseline_scores_unknown_columns_are_left_out():
    assert baseline_scores(predictions().drop(columns="age"), None) == {}
    assert baseline_scores(predictions().assign(age=np.nan), None) == {}


def test_image_and_age_scores_follow_both_as_far_as_validation_shows():
    generator = np.random.default_rng(1)
    label = np.tile([0, 1], 200)
    validation = pd.DataFrame(
        {"label": label, "age": generator.normal(55 + 10 * label, 5), "probability": generator.random(400)}
    )
    table = pd.DataFrame({"age": [40.0, 70.0, 40.0, np.nan], "probability": [0.2, 0.2, 0.9, 0.0]})
    scores = image_and_age_scores(table, validation)
    assert (scores[:2] > 0.5).tolist() == [False, True]  # age decides
    assert abs(scores[2] - scores[0]) < 0.05  # the probability tells nothing
    assert 0.1 < scores[3] < 0.9  # an unknown age counts as the median


@pytest.mark.parametrize("change", [{"age": np.nan}, {"label": 0}])
def test_image_and_age_scores_without_ages_or_classes_are_unknown(change):
    table = predictions()
    assert image_and_age_scores(table, table.assign(**change)) is None


def test_cross_fitted_scores_come_from_a_fit_on_other_patients(monkeypatch):
    table = predictions(patients=40, signal=0.1)
    pairs = []
    fit = baselines.image_and_age_scores

    def recorded(part, rest):
        pairs.append((part, rest))
        return fit(part, rest)

    monkeypatch.setattr(baselines, "image_and_age_scores", recorded)
    scores = baselines.cross_fitted_scores(table)
    assert len(pairs) == baselines.FOLDS
    assert sorted(index for part, _ in pairs for index in part.index) == list(table.index)
    for part, rest in pairs:
        assert set(part["patient_id"]) & set(rest["patient_id"]) == set()
        assert len(part) + len(rest) == len(table)
        assert scores[part.index] == pytest.approx(fit(part, rest))


def test_cross_fitted_scores_need_ages_and_a_patient_of_each_label_in_each_fold():
    table = predictions(patients=40)
    assert baselines.cross_fitted_scores(table.assign(age=np.nan)) is None
    assert baselines.cross_fitted_scores(table[table["patient_id"].astype(int) < 16]) is None  # of which 4 are positive
    assert baselines.cross_fitted_scores(table[table["patient_id"].astype(int) < 20]) is not None
