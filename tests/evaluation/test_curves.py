import numpy as np
import pandas as pd

from mammo_core.evaluation import curves

UNITS = pd.DataFrame({"label": [0, 0, 1, 1], "probability": [0.12, 0.42, 0.36, 0.82]})


def test_roc_runs_from_zero_zero_to_one_one():
    points = curves.roc(UNITS)
    assert points.iloc[0][["false_positive_rate", "sensitivity"]].tolist() == [0, 0]
    assert points.iloc[-1][["false_positive_rate", "sensitivity"]].tolist() == [1, 1]
    assert points["threshold"].max() <= 1


def test_precision_recall_ends_at_zero_recall_and_full_precision():
    assert curves.precision_recall(UNITS).iloc[-1].tolist() == [0, 1]


def test_calibration_bins_count_each_unit_once():
    table = pd.DataFrame({"label": np.arange(25) % 2, "probability": np.linspace(0, 1, 25)})
    bins = curves.calibration(table)
    assert bins["n"].sum() == 25
    assert len(bins) == curves.CALIBRATION_BINS


def test_calibration_compares_mean_probability_with_share_of_positives():
    table = pd.DataFrame({"label": [1, 0, 1, 1] * 10, "probability": [0.25, 0.25, 0.75, 0.75] * 10})
    bins = curves.calibration(table)
    assert bins["n"].tolist() == [4] * 10
    assert bins["mean_predicted"].tolist() == [0.25] * 5 + [0.75] * 5
    assert bins["observed_share"].tolist() == [0.5] * 5 + [1.0] * 5
    assert curves.calibration(UNITS)["observed_share"].tolist() == [0, 1, 0, 1]


def test_histogram_counts_every_unit():
    bins = curves.histogram(UNITS)
    assert bins.groupby("label")["number"].sum().to_dict() == {"negative": 2, "positive": 2}


def test_roc_band_surrounds_the_curve_and_needs_both_labels():
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2
    table = pd.DataFrame(
        {"patient_id": np.arange(60) // 2, "label": label, "probability": label * 0.3 + rng.random(60) * 0.7}
    )
    band = curves.roc_band(table, resamples=50)
    points = curves.roc(table)
    middle = np.interp(band["false_positive_rate"], points["false_positive_rate"], points["sensitivity"])
    assert (band["low"] <= band["high"]).all()
    assert ((band["low"] - 0.1 <= middle) & (middle <= band["high"] + 0.1)).all()
    assert curves.roc_band(table.assign(label=1), resamples=5).empty


def test_curves_of_scores_that_are_no_probabilities_have_their_own_range():
    table = pd.DataFrame({"label": [0, 0, 1, 1], "probability": [-3.0, 2.0, 1.0, 5.0]})
    bins = curves.histogram(table)
    assert (bins["score_from"].min(), bins["score_to"].max()) == (-3.0, 5.0)
    assert bins["number"].sum() == 4
    assert curves.roc(table)["threshold"].tolist() == [5.0, 5.0, 2.0, 1.0, -3.0]
