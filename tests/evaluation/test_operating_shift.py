import pytest

from builders.predictions import binormal_breasts
from mammo_core.documents.estimate import Estimate
from mammo_core.errors import ConfigError
from mammo_core.evaluation.operating_shift import MEASURES, difference, operating_shift
from mammo_core.evaluation.report import evaluate_unit


def report(threshold: float = 0.6, **options: float):
    return evaluate_unit(binormal_breasts(60, 240, **options), "breast", threshold, {}, 20)


def test_shift_is_elsewhere_minus_home():
    home, elsewhere = report(seed=1), report(seed=2, distance=0.2)
    shifts = {shift.measure: shift for shift in operating_shift(home, elsewhere)}
    assert tuple(shifts) == MEASURES == ("recall_rate", "sensitivity", "specificity", "ppv")
    change = elsewhere.operating_point.sensitivity - home.operating_point.sensitivity
    assert shifts["sensitivity"].difference.value == pytest.approx(change)
    assert shifts["sensitivity"].difference.high < 0  # the model is worse there
    assert shifts["specificity"].difference.low < 0 < shifts["specificity"].difference.high


def test_difference_has_newcombes_interval():
    # 56 of 70 against 48 of 80 (Newcombe 1998, table II, method 10): 0.2 (0.0524 to 0.3339)
    first = Estimate(value=48 / 80, low=0.4904, high=0.7004)
    second = Estimate(value=56 / 70, low=0.6919, high=0.8768)
    result = difference(first, second)
    assert result.value == pytest.approx(0.2)
    assert (result.low, result.high) == (pytest.approx(0.0524, abs=2e-3), pytest.approx(0.3339, abs=2e-3))


def test_difference_without_values_or_intervals_has_none():
    assert difference(Estimate(value=None), Estimate(value=0.5)) == Estimate(value=None)
    assert difference(Estimate(value=0.5), Estimate(value=0.75, low=0.5, high=0.9)) == Estimate(value=0.25)


def test_other_thresholds_are_not_compared():
    with pytest.raises(ConfigError, match="at the same threshold"):
        operating_shift(report(0.5), report(0.6))
