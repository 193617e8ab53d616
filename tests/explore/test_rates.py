import numpy as np
import pandas as pd
import pytest

from mammo_core.explore.rates import cap_of, count_by, rate_by, spread_p, wilson
from mammo_core.explore.units import by_unit


def test_rate_by_ignores_rows_without_label_or_value(small):
    rates = rate_by(small, "site_id").set_index("value")
    assert rates.loc["1", ["n", "patients", "positives"]].tolist() == [6, 2, 2]
    assert rates.loc["2", ["n", "patients", "positives"]].tolist() == [3, 2, 1]
    density = rate_by(small, "density", ordered=True)
    assert density["value"].tolist() == ["B", "C"]  # none of site 2, which has no density
    assert density["rate"].tolist() == [0.5, 0.0]
    patients = rate_by(by_unit(small, "patient"), "site_id").set_index("value")
    assert patients["n"].to_dict() == {"1": 2, "2": 2}
    assert patients["rate"].to_dict() == {"1": 0.5, "2": 0.5}


@pytest.mark.parametrize("column", ["cancer", "site_id"])
def test_rate_by_missing_column_is_empty(small, column):
    assert rate_by(small.drop(columns=column), "site_id").empty


def test_rate_by_pools_small_groups():
    n = 15
    values = [f"machine {index}" for index in range(n) for _ in range(n - index)]
    rows = pd.DataFrame({"machine_id": values, "cancer": 0, "patient_id": np.arange(len(values))})
    rates = rate_by(rows, "machine_id")
    assert rates["value"].tolist() == [f"machine {index}" for index in range(12)] + ["3 others"]
    assert rates["n"].tolist() == [*range(15, 3, -1), 3 + 2 + 1]


def test_wilson_interval_with_one_unit_per_patient():
    low, high = wilson(np.arange(100), np.repeat([1.0, 0.0], [10, 90]))
    assert (low, high) == (pytest.approx(0.05523, abs=1e-4), pytest.approx(0.17437, abs=1e-4))


def test_wilson_interval_ignores_copies_of_images():
    label = np.repeat([1.0, 0.0], [10, 90])
    once = wilson(np.arange(100), label)
    fourfold = wilson(np.repeat(np.arange(100), 4), np.repeat(label, 4))
    assert fourfold == pytest.approx(once)
    independent = wilson(np.arange(400), np.repeat(label, 4))
    assert independent[1] - independent[0] < 0.6 * (once[1] - once[0])


def test_wilson_interval_without_positives_has_an_upper_bound():
    low, high = wilson(np.arange(50), np.zeros(50))
    assert low == 0
    assert high == pytest.approx(0.0713, abs=1e-3)
    assert wilson(np.arange(3), np.full(3, np.nan)) == (None, None)


def test_spread_p_separates_equal_from_unequal_rates():
    def rates(first, second):
        label = np.concatenate([np.arange(500) < first, np.arange(500) < second]).astype(float)
        return rate_by(
            pd.DataFrame({"site_id": np.repeat(["1", "2"], 500), "cancer": label, "patient_id": range(1000)}), "site_id"
        )

    assert spread_p(rates(25, 25)) == 1.0
    assert spread_p(rates(10, 60)) < 1e-6
    assert spread_p(rates(0, 0)) is None
    assert spread_p(rates(25, 25).head(1)) is None


def test_rate_by_ordered_sorts_numbers_by_value():
    rows = pd.DataFrame({"site_id": ["10", "2", "2"], "cancer": [0, 1, 0], "patient_id": [1, 2, 3]})
    rates = rate_by(rows, "site_id", ordered=True)
    assert rates["value"].tolist() == ["2", "10"]
    assert rates["n"].tolist() == [2, 1]


def test_count_by_ignores_labels(small):
    assert count_by(small, "density", ordered=True).to_dict("list") == {"value": ["B", "C"], "n": [4, 2]}
    assert count_by(small.drop(columns="density"), "density").empty


def test_cap_of_is_not_stretched_by_a_small_group():
    rates = pd.DataFrame({"n": [900, 8], "positives": [18, 1], "high": [0.03, 0.5]})
    assert cap_of(rates) == pytest.approx(3 * 19 / 908)
    assert cap_of(rates.assign(high=[0.03, 0.05])) == 0.05
    assert cap_of(rates.assign(positives=[18, 10])) == 0.5  # so many positives are no accident
