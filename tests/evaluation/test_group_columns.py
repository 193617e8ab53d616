import numpy as np
import pandas as pd
import pytest

from mammo_core.evaluation.group_columns import is_of_breasts, offered_columns, to_groups

PATIENTS = 40


def table(**columns: object) -> pd.DataFrame:
    """Two images of each of 40 patients, with these columns."""
    return pd.DataFrame({"patient_id": np.arange(PATIENTS).repeat(2).astype(str), **columns})


@pytest.mark.parametrize(
    "name",
    [
        *["patient_id", "image_id", "exam_id", "PatientName", "PatientID", "patientBirthDate", "StudyInstanceUID"],
        *["accession_number", "mrn", "study_date", "AcquisitionTime", "operator_name", "zip_code", "comments"],
        *["label", "cancer", "probability", "part", "age", "image_p50", "png", "ids"],
    ],
)
def test_column_that_may_identify_patients_is_not_offered(name):
    assert offered_columns(table(**{name: ["a", "b"] * PATIENTS})) == []


@pytest.mark.parametrize("name", ["site_id", "machine_id", "density", "race", "ManufacturerModelName2", "exposure"])
def test_column_of_groups_is_offered(name):
    assert offered_columns(table(**{name: ["a", "b"] * PATIENTS})) == [name]


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        (np.arange(PATIENTS).repeat(2) + 5000, False),  # a number of each patient
        ([f"P{n}" for n in np.arange(PATIENTS).repeat(2)], False),  # text of each patient
        ([str(n) for n in np.arange(PATIENTS).repeat(2) + 5000], False),  # the same number, as text
        (np.linspace(0, 9000.5, 2 * PATIENTS), True),  # a measurement
        (np.arange(PATIENTS).repeat(2), True),  # a small number, such as a dose
        (["a"] * 2 * PATIENTS, False),  # one value
        ([None, "a"] * PATIENTS, False),
        ([f"word {n % 31}" for n in range(2 * PATIENTS)], False),  # too many
        ([f"word {n % 20}" for n in range(2 * PATIENTS)], True),
    ],
)
def test_column_is_offered_by_its_values(values, offered):
    assert offered_columns(table(anything=values)) == ["anything"] * offered


def test_groups_of_text_and_few_numbers_are_their_values():
    groups = to_groups(pd.Series(["b", None, "a"]), "race")
    assert groups.tolist()[::2] == ["b", "a"]
    assert groups.isna().tolist() == [False, True, False]
    assert list(groups.cat.categories) == ["a", "b"]
    assert list(to_groups(pd.Series([30, 28.5, 30]), "tube_voltage").cat.categories) == ["28.5 kV", "30 kV"]
    assert list(to_groups(pd.Series(["10", "9"]), "anything").cat.categories) == ["9", "10"]


def test_groups_of_many_numbers_are_quarters_with_their_unit():
    values = pd.Series(np.arange(1, 101).astype(float))
    groups = to_groups(values, "body_part_thickness")
    assert list(groups.cat.categories) == ["up to 25.8 mm", "25.8 to 50.5 mm", "50.5 to 75.2 mm", "over 75.2 mm"]
    assert groups.value_counts().tolist() == [25, 25, 25, 25]


def test_groups_of_numbers_with_one_frequent_value_have_no_empty_bin():
    values = pd.Series([0.0] * 80 + list(range(1, 21)))
    assert to_groups(values, "dose").value_counts().to_dict() == {"up to 0": 80, "over 0": 20}
    values = pd.Series([9.0] * 80 + list(range(8)))
    assert to_groups(values, "dose").value_counts().min() > 0


def test_is_of_breasts_only_if_images_agree():
    breasts = pd.Series([1, 1, 2, 2])
    assert is_of_breasts(pd.Series(["a", "a", "b", None]), breasts)
    assert not is_of_breasts(pd.Series(["a", "b", "b", "b"]), breasts)
