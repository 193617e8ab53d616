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
