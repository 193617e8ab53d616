import numpy as np
import pandas as pd
import pytest

from mammo_core.documents.explore_summary import AgeSummary
from mammo_core.explore.ages import (
    AgeDifference,
    age_cumulative,
    age_difference,
    age_histogram,
    age_quantiles,
    age_table,
    describe_ages,
)
from mammo_core.explore.units import by_unit


def people(ages: dict[int, list[float]]) -> pd.DataFrame:
    """Return a table of patients with one image each, with the given ages by label."""
    pairs = [(label, age) for label, values in ages.items() for age in values]
    table = pd.DataFrame(pairs, columns=["cancer", "age"])
    return table.assign(patient_id=[str(n) for n in range(len(pairs))], laterality="L")


def test_age_table_by_unit_and_label(small):
    table = age_table(small).set_index(["unit", "label"])
    assert table["n"].tolist() == [3, 4, 2, 3, 2, 1]
    assert table.loc[("image", "negative"), "mean"] == 55
    assert table.loc[("breast", "negative"), "mean"] == pytest.approx(160 / 3)
    assert table.loc[("breast", "negative"), "median"] == 50
    assert table.loc[("patient", "negative"), "median"] == 50
    assert pd.isna(table.loc[("patient", "negative"), "std"])
    assert table.loc[("patient", "positive"), "mean"] == 65


def test_describe_ages_without_known_ages(small):
    assert describe_ages(small.assign(age=np.nan), 1) == AgeSummary(n=0, mean=None, median=None, std=None)


def test_age_histogram_has_shared_bins_and_counts_each_age_once():
    histogram = age_histogram(people({0: [20, 25, 29.9, 30, 95], 1: [60]}))
    by_label = {label: rows.set_index("age_from") for label, rows in histogram.groupby("label")}
    assert by_label["negative"].index.equals(by_label["positive"].index)
    assert by_label["negative"]["number"].to_dict() == {
        **dict.fromkeys(range(25, 90, 5), 0), 25: 3, 30: 1, 85: 1
    }  # fmt: skip
    assert by_label["positive"]["share"].sum() == 1
    assert by_label["negative"].loc[25, "share"] == 0.6


def test_age_cumulative_ends_at_one():
    cumulative = age_cumulative(people({0: [50, 50, 60, 70], 1: [65]}))
    negative = cumulative[cumulative["label"] == "negative"]
    assert negative["age"].tolist() == [50, 60, 70]
    assert negative["share"].tolist() == [0.5, 0.75, 1.0]
    assert age_cumulative(people({0: [50]}))["label"].unique().tolist() == ["negative"]


def test_age_quantiles_only_of_labels_with_ages():
    quantiles = age_quantiles(people({0: [40, 50, 60, 70, 80]}))
    assert quantiles["label"].tolist() == ["negative"]
    assert quantiles.loc[0, ["n", "q1", "median", "q3", "mean"]].tolist() == [5, 50, 60, 70, 60]


def test_age_difference_is_positive_minus_negative(small):
    images, patients = age_difference(small), age_difference(by_unit(small, "patient"))
    assert images.mean == pytest.approx(190 / 3 - 55)
    assert images.median == 5
    assert patients.mean == 15
    assert patients.low is None  # one negative patient: no interval
    assert age_difference(small.assign(age=np.nan)) == AgeDifference()


def test_age_difference_interval_equals_patient_bootstrap():
    rng = np.random.default_rng(3)
    table = people({0: list(rng.normal(58, 10, 150).round()), 1: list(rng.normal(64, 10, 50).round())})
    table = pd.concat([table, table[table.index % 2 == 0]], ignore_index=True)  # every other patient has two images
    difference = age_difference(table, resamples=4000)
    patient = pd.factorize(table["patient_id"])[0]
    times = rng.multinomial(200, np.full(200, 1 / 200), 1500)[:, patient]  # that each image is drawn, with its patient
    ages, positive = table["age"].to_numpy(), table["cancer"].to_numpy() == 1
    differences = np.average(np.tile(ages, (1500, 1)), axis=1, weights=times * positive)
    differences -= np.average(np.tile(ages, (1500, 1)), axis=1, weights=times * ~positive)
    low, high = np.quantile(differences, [0.025, 0.975])
    assert difference.low == pytest.approx(low, abs=0.4)
    assert difference.high == pytest.approx(high, abs=0.4)
    assert difference == age_difference(table, resamples=4000)
