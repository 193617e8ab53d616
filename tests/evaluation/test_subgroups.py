import numpy as np
import pandas as pd
import pytest

from builders.predictions import binormal_breasts, predictions
from mammo_core.documents.estimate import Estimate
from mammo_core.errors import DataError
from mammo_core.evaluation.auc_differences import compare_with_rest
from mammo_core.evaluation.intervals import newcombe
from mammo_core.evaluation.subgroups import MIN_UNITS, offered_attributes, subgroups
from mammo_core.evaluation.units import to_unit


def separated(positives: int, negatives: int, **columns: object) -> pd.DataFrame:
    """One breast a patient, every positive above every negative."""
    count = positives + negatives
    return pd.DataFrame(
        {
            "patient_id": [str(n) for n in range(count)],
            "laterality": "L",
            "label": [1] * positives + [0] * negatives,
            "probability": [0.9] * positives + [0.1] * negatives,
            **columns,
        }
    )


def test_subgroups_count_units_and_positives_of_each_attribute():
    rows = {(row.attribute, row.group): row for row in subgroups(predictions(), resamples=20)}
    assert {attribute for attribute, _ in rows} == {"site_id", "age_band", "laterality", "view"}
    assert [(rows["site_id", site].n, rows["site_id", site].positives) for site in "12"] == [(120, 30), (120, 0)]
    assert (rows["view", "CC"].unit, rows["view", "CC"].n, rows["view", "CC"].positives) == ("image", 240, 30)
    assert (rows["laterality", "R"].unit, rows["laterality", "R"].n) == ("breast", 120)


def test_subgroup_with_too_few_units_of_a_label_has_no_auc():
    enough, too_few = (subgroups(separated(positives, 30), resamples=20)[0] for positives in (MIN_UNITS, MIN_UNITS - 1))
    assert enough.auc == Estimate(value=1.0, low=newcombe(1.0, 30, MIN_UNITS)[0], high=1.0)
    assert too_few.auc is None


def test_subgroup_with_many_units_of_too_few_patients_has_no_auc():
    table = separated(40, 40)
    table["patient_id"] = [str(n % 4) for n in range(80)]
    table["laterality"] = "L"
    table["exam_id"] = [str(n) for n in range(80)]
    (row,) = subgroups(table, resamples=5)
    assert (row.n, row.positives, row.auc) == (80, 40, None)


def test_subgroups_age_bands_and_missing_values():
    table = separated(2, 2, age=[39.9, 40.0, 85.0, None])
    rows = [row for row in subgroups(table, resamples=5) if row.attribute == "age_band"]
    assert [(row.group, row.n, row.positives) for row in rows] == [
        ("40–49", 1, 1),
        ("80 and over", 1, 0),
        ("under 40", 1, 1),
    ]


def test_subgroups_attribute_without_values_is_left_out():
    rows = subgroups(separated(2, 2, density=None), resamples=5)
    assert [(row.attribute, row.group) for row in rows] == [("laterality", "L")]


def test_subgroups_of_scored_breasts_and_patients_count_these():
    table = predictions(patients=120)
    breasts = to_unit(table, "breast")
    assert {(row.attribute, row.unit) for row in subgroups(breasts, 20, rows="breast")} == {
        ("site_id", "breast"),
        ("age_band", "breast"),
        ("laterality", "breast"),
    }
    patients = subgroups(to_unit(table, "patient"), 20, rows="patient")
    assert {(row.attribute, row.unit) for row in patients} == {("site_id", "patient"), ("age_band", "patient")}
    assert sum(row.n for row in patients if row.attribute == "site_id") == 120


def grouped(seed: int, groups: int = 4, size: int = 60) -> pd.DataFrame:
    """Breasts of patients, a quarter with cancer, who belong to groups by chance."""
    table = binormal_breasts(size, 3 * size, seed=seed)
    return table.assign(race=np.random.default_rng(seed).integers(groups, size=4 * size).repeat(2).astype(str))


def test_groups_by_chance_rarely_differ_after_correction():
    studies = [subgroups(grouped(seed), 2, by=["race"]) for seed in range(100)]
    assert all(len(groups) == 4 for groups in studies)
    different = sum(any(row.p_value is not None and row.p_value < 0.05 for row in groups) for groups in studies)
    assert different <= 8


def test_planted_effect_is_the_clearest_difference():
    table = grouped(3, size=160)
    weak = table["race"] == "2"
    table.loc[weak, "probability"] = np.random.default_rng(0).random(weak.sum())
    table["side"] = ["up", "down", "down", "up"] * 320
    rows = {(row.attribute, row.group): row for row in subgroups(table, 20, by=["race", "side"])}
    assert rows["race", "2"].p_value < 0.01
    assert rows["race", "2"].difference.high < 0
    assert min(rows, key=lambda key: rows[key].p_value) == ("race", "2")  # the others' rest has group 2
    assert all(rows["side", group].p_value > 0.05 for group in ("up", "down"))


def test_two_groups_are_one_comparison():
    first, second = subgroups(grouped(1, groups=2), 20, by=["race"])
    assert first.difference.value == -second.difference.value
    _, uncorrected = compare_with_rest(table := grouped(1, groups=2), (table["race"] == "0").to_numpy())
    assert first.p_value == second.p_value == uncorrected


def test_group_whose_rest_is_too_small_has_no_difference():
    table = separated(30, 60, race=["a"] * 29 + ["b"] + ["a"] * 50 + ["b"] * 10)
    large, small = subgroups(table, 20, by=["race"])
    assert large.auc is not None
    assert (large.difference, large.p_value, small.auc, small.difference) == (None, None, None, None)


def test_chosen_attribute_of_images_counts_images():
    table = predictions(patients=60).assign(exposure=lambda rows: np.arange(len(rows)) * 7 % 100 + 0.5)
    by_image = subgroups(table, 20, by=["exposure"])
    assert {row.unit for row in by_image} == {"image"}
    assert by_image[0].group.startswith("up to ")
    assert sum(row.n for row in by_image) == 240
    assert {row.unit for row in subgroups(table, 20, by=["site_id"])} == {"breast"}


def test_attribute_that_is_not_offered_is_one_sentence():
    with pytest.raises(DataError, match=r"no column 'patient_id' to group by\. These can be used: site_id, age_band"):
        subgroups(predictions(), 20, by=["patient_id"])


def test_offered_attributes_begin_with_the_usual_ones():
    table = predictions().assign(race=lambda rows: np.where(rows.index % 8 < 4, "a", "b"), patient_name="x")
    assert offered_attributes(table) == ["site_id", "age_band", "laterality", "view", "race"]
    assert offered_attributes(to_unit(table, "patient"), "patient") == ["site_id", "age_band", "race"]
