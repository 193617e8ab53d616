import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.intervals import (
    MIN_PATIENTS,
    Z,
    describe_too_few,
    gain_estimate,
    newcombe,
    patients_by_label,
    rank_estimate,
    share_estimate,
    wilson,
)


def units(positive: int, negative: int) -> pd.DataFrame:
    count = positive + negative
    return pd.DataFrame({"patient_id": np.arange(count).astype(str), "label": [1] * positive + [0] * negative})


def test_patients_by_label_patient_with_both_labels_counts_for_both():
    table = pd.DataFrame({"patient_id": ["a", "a", "b", "b"], "label": [1, 0, 0, 0]})
    assert patients_by_label(table) == (2, 1)


def test_describe_too_few_enough_patients_returns_none():
    assert describe_too_few(units(MIN_PATIENTS, MIN_PATIENTS), "breast") is None
    assert "4 with a positive image and 5 with a negative one" in str(describe_too_few(units(4, 5), "image"))


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (5, 5), (8, 10), (1, 30)])
def test_wilson_one_unit_a_patient_equals_scipys(hits, count):
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    interval = wilson(np.arange(count), np.r_[np.ones(hits), np.zeros(count - hits)])
    assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_equal_units_of_a_patient_count_once():
    hits = np.r_[np.ones(8), np.zeros(2)]
    assert wilson(np.repeat(np.arange(10), 4), np.repeat(hits, 4)) == pytest.approx(wilson(np.arange(10), hits))
    assert wilson(np.repeat(np.arange(5), 4), np.ones(20)) == pytest.approx(wilson(np.arange(5), np.ones(5)))


def test_wilson_one_hit_of_two_in_each_patient_uses_at_most_the_units():
    expected = binomtest(10, 20).proportion_ci(method="wilson")
    assert wilson(np.repeat(np.arange(10), 2), np.tile([1.0, 0.0], 10)) == pytest.approx((expected.low, expected.high))


def test_share_estimate_few_patients_has_no_interval():
    assert share_estimate(["a", "a", "b", "c", "d"], [1, 1, 1, 0, 0]) == Estimate(value=0.6)
    assert share_estimate([], []) == Estimate(value=None)
    assert share_estimate(list("abcde"), [1] * 5).low == pytest.approx(0.56552, abs=1e-5)
    assert share_estimate(list("abcde"), [1] * 5).high == 1.0


@pytest.mark.parametrize("count", [5, 40])
def test_newcombe_bound_solves_the_score_equation(count):
    low, high = newcombe(1.0, count, count)
    first, second = low / (2 - low), 2 * low**2 / (1 + low)  # Q1 and Q2 of Hanley and McNeil
    variance = (low * (1 - low) + (count - 1) * (first - low**2) + (count - 1) * (second - low**2)) / count**2
    assert (1 - low) ** 2 == pytest.approx(Z**2 * variance)
    assert high == 1.0
    assert newcombe(0.0, count, count) == pytest.approx((0.0, 1 - low))


def test_rank_estimate_perfect_ranking_has_a_score_interval_for_the_auc_only():
    table, perfect = units(10, 30), np.ones(20)
    assert rank_estimate(table, 1.0, perfect, is_auc=True) == Estimate(
        value=1.0, low=newcombe(1.0, 30, 10)[0], high=1.0
    )
    assert rank_estimate(table, 1.0, perfect) == Estimate(value=1.0)
    assert rank_estimate(table, 0.5, np.full(20, 0.5), is_auc=True) == Estimate(value=0.5, low=0.5, high=0.5)


def test_estimates_too_few_patients_have_no_interval():
    spread = np.linspace(0, 1, 20)
    assert rank_estimate(units(4, 30), 0.5, spread, is_auc=True) == Estimate(value=0.5)
    assert gain_estimate(units(30, 4), 0.5, spread) == Estimate(value=0.5)
    assert gain_estimate(units(5, 5), 0.0, np.zeros(20)) == Estimate(value=0.0, low=0.0, high=0.0)
