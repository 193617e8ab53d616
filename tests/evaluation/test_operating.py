import numpy as np
import pandas as pd
import pytest

from mammo_core.documents.report import ConfusionMatrix
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.operating import (
    ScreeningOutcome,
    at_threshold,
    choose_threshold,
    describe_percentile,
    from_per_thousand,
    outcomes,
    per_thousand,
    to_per_thousand,
)

UNITS = pd.DataFrame(
    {
        "patient_id": [str(n) for n in range(24)],
        "laterality": "L",
        "label": [1] * 4 + [0] * 20,
        "probability": np.r_[0.9, 0.7, 0.5, 0.3, 0.8, 0.6, np.linspace(0.01, 0.18, 18)],
    }
)


@pytest.mark.parametrize(
    ("policy", "sensitivity", "specificity"),
    [("specificity_90", 1.0, 0.9), ("sensitivity_90", 1.0, 0.9), ("recall_10", 0.25, 0.95)],
)
def test_choose_threshold_policy_reaches_its_target(policy, sensitivity, specificity):
    point = at_threshold(UNITS, choose_threshold(UNITS, policy))
    assert (point.sensitivity, point.specificity) == pytest.approx((sensitivity, specificity))


def test_choose_threshold_best_f1_maximises_f1():
    counts = [at_threshold(UNITS, threshold).confusion for threshold in UNITS["probability"]]
    f1 = [2 * count.tp / (2 * count.tp + count.fp + count.fn) for count in counts]
    assert UNITS["probability"].iloc[int(np.argmax(f1))] == choose_threshold(UNITS, "best_f1")


def test_choose_threshold_unknown_policy_or_single_class_raises():
    with pytest.raises(ConfigError, match="lucky"):
        choose_threshold(UNITS, "lucky")
    with pytest.raises(DataError, match="positive and negative"):
        choose_threshold(UNITS[UNITS["label"] == 1], "best_f1")


def test_at_threshold_no_unit_recalled_has_no_ppv():
    point = at_threshold(UNITS, 1.0)
    assert point.ppv is None
    assert point.confusion == ConfusionMatrix(tp=0, fp=0, tn=20, fn=4)


def test_per_thousand_matches_hand_calculation():
    screens = per_thousand(0.869, 0.889, 0.00587)
    assert screens.detected == pytest.approx(5.1, abs=0.01)
    assert screens.missed == pytest.approx(5.87 - 5.1, abs=0.01)
    assert screens.recalled == pytest.approx(115.4, abs=0.1)
    assert screens.ppv == pytest.approx(0.0442, abs=0.0001)


def test_to_and_from_per_thousand_are_inverse():
    assert to_per_thousand(0.0206) == pytest.approx(20.6)
    assert from_per_thousand(20.6) == pytest.approx(0.0206)


def test_per_thousand_undefined_sensitivity_gives_none():
    assert per_thousand(None, 0.9, 0.1) == ScreeningOutcome(None, None, None, None)


def test_outcomes_lists_largest_errors_first():
    assert outcomes(UNITS, 0.65, 1, False)["probability"].tolist() == [0.3, 0.5]
    assert outcomes(UNITS, 0.55, 0, True)["probability"].tolist() == [0.8, 0.6]


def test_percentile_text_compares_probability_with_validation_units():
    table = pd.DataFrame(
        {
            "patient_id": list("abcdef"),
            "laterality": "L",
            "label": [0, 0, 0, 0, 1, 1],
            "probability": [0.1, 0.2, 0.3, 0.4, 0.2, 0.9],
        }
    )
    assert describe_percentile(table, 0.35, "breast") == (
        "Higher than 75 % of validation breasts without cancer, and 50 % of those with cancer."
    )


def test_choose_threshold_of_scores_beyond_1_is_one_of_them_or_above_all():
    scores = pd.DataFrame({"label": [0, 0, 1, 1], "probability": [-3.0, 2.0, 40.0, 50.0]})
    assert choose_threshold(scores, "specificity_90", "image") == 40.0
    negative_first = scores.assign(probability=[60.0, 2.0, 40.0, 50.0])
    threshold = choose_threshold(negative_first, "specificity_90", "image")
    assert 60.0 < threshold < 60.1
    in_probabilities = scores.assign(probability=[1.0, 0.2, 0.4, 0.5])
    assert choose_threshold(in_probabilities, "specificity_90", "image") == 1.0
