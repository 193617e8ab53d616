import numpy as np
import pandas as pd
import pytest

from mammo_core.explore import readings
from mammo_core.explore.ages import AgeDifference, age_difference, age_quantiles, age_table
from mammo_core.explore.counts import class_counts, difficult_negatives, images_per_unit, missing_by_site
from mammo_core.explore.filters import Filters, apply_filters
from mammo_core.explore.rates import rate_by


def rows(table, unit="image"):
    return apply_filters(table, Filters(), unit).rows


def test_read_classes_by_unit(small):
    classes = class_counts(small)
    assert readings.read_classes(classes, "image").startswith("3 of 9 labelled images are positive: 33.3 % (95 % CI ")
    assert readings.read_classes(classes, "breast").startswith("2 of 7 labelled breasts are positive: 28.6 % (95 % CI ")
    assert readings.read_classes(classes, "patient").endswith(
        "Always predicting “negative” would be correct for 50.0 %."
    )
    none = class_counts(small.drop(columns="cancer"))
    assert readings.read_classes(none, "patient") == "5 patients, none with a label."


def test_read_ages_gives_spread_and_n(small):
    text = readings.read_ages(age_table(small), age_difference(rows(small)), "image")
    assert text.startswith("Positive images are 8.3 years older on average (95 % CI of the difference ")
    assert text.endswith("mean ± standard deviation 63.3 ± 5.8 against 55.0 ± 5.8, median 60 against 55; n = 3 and 4.")
    text = readings.read_ages(age_table(small), age_difference(rows(small, "patient")), "patient")
    assert text.startswith("Positive patients are 15.0 years older on average: mean")


def test_read_ages_negative_bound_has_a_minus_sign():
    ages = pd.DataFrame(
        [
            {"unit": "image", "label": label, "n": 2, "mean": 60.0, "median": 60, "std": 1.0}
            for label in ("positive", "negative")
        ]
    )
    text = readings.read_ages(ages, AgeDifference(mean=-0.5, median=0.0, low=-1.04, high=2.0), "image")
    assert "0.5 years younger on average (95 % CI of the difference −1.0 to 2.0, " in text


def test_read_rates_gives_extremes_and_p_value(small):
    text = readings.read_rates(rate_by(rows(small), "density", True), ["density B", "density C"], 1.0)
    assert text.startswith("Lowest: density C with 0.0 % (95 % CI 0.0–")
    assert "highest: density B with 50.0 %" in text
    assert text.endswith(" Differences are within chance (p = 0.41). Open circles: n < 50.")
    same = rate_by(rows(small, "patient"), "site_id")
    assert readings.read_rates(same, ["site 1", "site 2"], 1.0) == "All 4 have the same share of positives, 50.0 %."


def test_read_quantiles_gives_whole_years(small):
    text = readings.read_quantiles(age_quantiles(rows(small)), "image")
    assert text.startswith("Middle 50 %: positive images 60–65 years, negative images 50–60 years. ")


def test_read_leakage_names_values_and_shares():
    leak = {"column": "biopsy", "leaks": True, "never": "0", "never_share": 0.9, "always": "", "always_share": 0.0}
    text = readings.read_leakage(pd.DataFrame([leak]), "breast")
    assert text == (
        "1 column leaks the label and must not be a model's input: biopsy (never positive where it is 0: 90 % of the "
        "breasts)."
    )
    none = readings.read_leakage(pd.DataFrame([leak | {"leaks": False}]), "breast")
    assert none == "No column nearly determines the label for a tenth of the breasts beyond chance."


def test_read_images_per_unit(small):
    text = readings.read_images_per_unit(images_per_unit(small, "patient"), "patient")
    assert text == "2 of 5 patients (40.0 %) have 2 images; the range is 1 to 4."


def test_read_missing_names_the_column_and_the_largest_difference_between_sites(small):
    text = readings.read_missing(missing_by_site(rows(small)), "image")
    assert text == (
        "density is missing most often: for 50.0 % of the images. Sites differ most in density: 100.0 % at site 2, "
        "0.0 % at site 1."
    )
    assert readings.read_missing(pd.DataFrame({"all": [0.0]}, index=["age"]), "image") == (
        "No image has a missing value."
    )


@pytest.mark.parametrize(("numbers", "positives", "text"), [
    ([9, 3, 2, 1], 2, "33.3 % of the breasts had a biopsy; 66.7 % of the biopsies found cancer, 50.0 % of which are invasive. "
     "Every positive breast had a biopsy."),
    ([9, 3, 2, 1], 3, "33.3 % of the breasts had a biopsy; 66.7 % of the biopsies found cancer, 50.0 % of which are invasive. "
     "1 of 3 positive breasts had no biopsy."),
    ([9, 3, 0, 0], 0, "33.3 % of the breasts had a biopsy; 0.0 % of the biopsies found cancer."),
    ([9, 0, 0, 0], 0, "None of 9 breasts had a biopsy."),
])  # fmt: skip
def test_read_funnel_gives_the_shares_of_biopsies_and_of_positives_without_one(numbers, positives, text):
    assert readings.read_funnel(pd.DataFrame({"number": numbers}), positives, "breast") == text


def test_read_difficult_negatives(small):
    text = readings.read_difficult(difficult_negatives(rows(small)), "image")
    assert text == (
        "1 of 6 negative images (16.7 %) are difficult negatives; 0 of 3 positive ones have the flag: here the "
        "flag implies no cancer."
    )


def test_read_association_without_common_values():
    nothing = pd.DataFrame(np.nan, index=["age", "view"], columns=["age", "view"])
    assert readings.read_association(nothing) == "No two columns have values to compare."
    nothing.loc["age", "view"] = nothing.loc["view", "age"] = 0.25
    assert readings.read_association(nothing) == "Closest pair: age and view (0.25)."


def test_read_split_columns():
    both = pd.DataFrame({"column": ["a", "b", "c"], "train.csv": [True, True, False], "test.csv": [True, False, True]})
    assert readings.read_split(both) == "test.csv lacks b and adds c."
    assert readings.read_split(both[["column", "train.csv"]]) == "No test.csv in this folder."
    assert readings.read_split(both[["column", "test.csv"]]) == "No train.csv in this folder."
    assert readings.read_split(both[["column"]]) == "No train.csv or test.csv in this folder."


def test_read_headers_gives_sizes_photometric_and_unreadable_files():
    headers = pd.DataFrame(
        {"rows": [4, 6, None], "columns": [3, 3, None], "photometric": ["MONOCHROME1", "MONOCHROME2", None],
         "problem": [None, None, "damaged"]}
    )  # fmt: skip
    assert readings.read_headers(headers, 9, 1) == (
        "Headers of a random 3 of 9 files: 4 × 3 to 6 × 3 pixels, 50.0 % MONOCHROME1 (stored inverted), 1 unreadable. "
        "Missing files: 1."
    )
    assert readings.read_headers(headers.head(1), 1, 0).startswith("Headers of all 1 files: 4 × 3 pixels, 100.0 %")
    assert readings.read_headers(headers.tail(1), 1, 0) == "None of 1 headers could be read."


def test_read_rates_of_one_group_and_with_a_cut_interval(small):
    rates = rate_by(rows(small), "density", True)
    assert readings.read_rates(rates, ["B", "C"], 0.4).endswith(" An arrow marks an interval that goes on beyond 40 %.")
    assert readings.read_rates(rates.head(1), ["density B"], 1.0).startswith(
        "All 4 are of one group, density B: 50.0 % (95 % CI "
    )


def test_read_counts_names_the_largest_group(small):
    counts = pd.DataFrame({"value": ["1", "2"], "n": [3, 1]})
    names = ["site 1", "site 2"]
    assert readings.read_counts(counts, names, "breast") == "Largest of 2 groups: site 1 with 3 of 4 breasts (75.0 %)."
    assert readings.read_counts(counts.head(1), names, "breast") == "All 3 breasts: site 1."


def test_read_age_counts_gives_whole_years(small):
    text = readings.read_age_counts(rows(small), "image")
    assert text == "10 images with an age: median 60 years, the middle half 60–70."


def test_read_classes_of_one_label_says_so(small):
    positives = class_counts(small[small["cancer"] == 1])
    assert readings.read_classes(positives, "breast") == "All 2 labelled breasts are positive."
    assert (readings.digits_of(999), readings.digits_of(1000)) == (1, 2)
