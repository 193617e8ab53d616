import pandas as pd
import pytest

from mammo_core.evaluation.units import to_breasts, to_patients, to_unit

IMAGES = pd.DataFrame(
    {
        "patient_id": ["1"] + ["2"] * 2 + ["3"] * 6,
        "laterality": ["L", "R", "R", "L", "L", "L", "L", "L", "R"],
        "label": [0, 0, 1, 0, 0, 0, 0, 0, 1],
        "probability": [0.3, 0.2, 0.6, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9],
        "age": [50.0, None, 61.0, 70, 70, 70, 70, 70, 70],
    }
)


def test_to_breasts_averages_image_probabilities():
    breasts = to_breasts(IMAGES).set_index(["patient_id", "laterality"])
    assert breasts["probability"].to_dict() == pytest.approx(
        {("1", "L"): 0.3, ("2", "R"): 0.4, ("3", "L"): 0.3, ("3", "R"): 0.9}
    )
    assert breasts["label"].tolist() == [0, 1, 0, 1]
    assert breasts.loc[("2", "R"), "age"] == 61


def test_to_patients_takes_highest_breast_probability():
    patients = to_patients(IMAGES).set_index("patient_id")
    assert patients["probability"].to_dict() == pytest.approx({"1": 0.3, "2": 0.4, "3": 0.9})
    assert patients["label"].tolist() == [0, 1, 1]


def test_to_unit_image_returns_table_unchanged():
    assert to_unit(IMAGES, "image").equals(IMAGES)


def test_to_breasts_of_several_exams_are_one_a_patient_exam_and_laterality():
    exams = IMAGES.assign(exam_id=["a", "a", "b", "a", "a", "b", "b", None, "a"])
    breasts = to_breasts(exams).fillna({"exam_id": "-"}).set_index(["patient_id", "exam_id", "laterality"])
    assert breasts["probability"].to_dict() == pytest.approx(
        {
            ("1", "a", "L"): 0.3,
            ("2", "a", "R"): 0.2,
            ("2", "b", "R"): 0.6,
            ("3", "a", "L"): 0.15,
            ("3", "a", "R"): 0.9,
            ("3", "b", "L"): 0.35,
            ("3", "-", "L"): 0.5,
        }
    )
    assert breasts["label"].tolist() == [0, 0, 1, 0, 1, 0, 0]
    patients = to_patients(exams).set_index("patient_id")
    assert patients["probability"].to_dict() == pytest.approx({"1": 0.3, "2": 0.6, "3": 0.9})


def test_to_breasts_same_exam_for_all_equals_a_table_without_exams():
    same = to_breasts(IMAGES.assign(exam_id="a")).drop(columns="exam_id")
    pd.testing.assert_frame_equal(same, to_breasts(IMAGES))
