import pandas as pd

from builders.predictions import predictions
from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.intervals import newcombe
from mammo_core.evaluation.subgroups import MIN_UNITS, subgroups
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
