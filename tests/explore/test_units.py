import numpy as np
import pandas as pd
import pytest

from mammo_core.documents.units import UNITS
from mammo_core.explore.counts import summary
from mammo_core.explore.units import add_missing_columns, by_unit, has_values, identity_of, unit_codes


@pytest.mark.parametrize(("unit", "total", "label"), [
    ("image", 12, [1, 1, 0, 0, 0, 0, 0, 0, None, None, None, 1]),
    ("breast", 9, [1, 0, 0, 0, 0, 0, None, None, 1]),
    ("patient", 5, [1, 0, 0, None, 1]),
])  # fmt: skip
def test_by_unit_is_positive_if_any_image_is(small, unit, total, label):
    rows = by_unit(small, unit)
    assert len(rows) == total
    assert [None if pd.isna(value) else value for value in rows["cancer"]] == label
    assert rows["images"].sum() == 12


def test_by_unit_omits_columns_below_the_unit(small):
    assert {"image_id", "view", "file"}.isdisjoint(by_unit(small, "breast"))
    assert "laterality" in by_unit(small, "breast")
    assert "laterality" not in by_unit(small, "patient")


def test_by_unit_takes_first_known_value_and_most_abnormal_birads(small):
    small["BIRADS"] = pd.array([1, 4, 0, 2, None, 6, 3, 1, None, None, None, 5], dtype="Int8")
    small.loc[0, ["age", "density"]] = np.nan
    patients = by_unit(small, "patient").set_index("patient_id")
    assert patients["BIRADS"].dropna().to_dict() == {"1": 4, "2": 6, "3": 3, "5": 5}
    assert patients.loc["1", "age"] == 60
    assert patients.loc["1", "density"] == "B"
    assert pd.isna(patients.loc["4", "BIRADS"])


def test_by_unit_flag_is_missing_only_if_all_are_missing(small):
    small.loc[0, "cancer"] = pd.NA
    assert by_unit(small, "breast")["cancer"].iloc[0] == 1
    small.loc[1, "cancer"] = pd.NA
    assert pd.isna(by_unit(small, "breast")["cancer"].iloc[0])
    assert by_unit(small, "patient")["cancer"].iloc[0] == 0


def test_by_unit_does_not_modify_the_input(small):
    before = small.copy()
    for unit in UNITS:
        by_unit(add_missing_columns(small), unit)
    pd.testing.assert_frame_equal(small, before)


def test_add_missing_columns_adds_optional_columns(small):
    bare = small[["patient_id", "image_id", "laterality", "view"]]
    table = add_missing_columns(bare)
    assert has_values(table, "laterality")
    assert not has_values(table, "age")
    assert len(by_unit(table, "breast")) == 9


def test_by_unit_breast_is_a_patient_an_exam_and_a_laterality():
    table = pd.DataFrame(
        {
            "patient_id": ["1", "1", "1", "1", "2"],
            "exam_id": ["a", "a", "b", None, "a"],
            "laterality": ["L", "L", "L", "L", "R"],
            "cancer": pd.array([0, 1, 0, 0, 0], dtype="Int8"),
        }
    )
    breasts = by_unit(table, "breast")
    assert breasts["images"].tolist() == [2, 1, 1, 1]
    assert breasts["cancer"].tolist() == [1, 0, 0, 0]
    assert "exam_id" not in by_unit(table, "patient")
    assert by_unit(identity_of(table, "cancer"), "breast")["cancer"].tolist() == [1, 0, 0, 0]


def test_by_unit_image_without_a_side_belongs_to_no_breast_and_no_patient():
    table = pd.DataFrame(
        {
            "patient_id": ["1", "1", "2", "1"],
            "laterality": ["L", None, None, "R"],
            "cancer": pd.array([0, 1, 1, 0], dtype="Int8"),
        }
    )
    assert by_unit(table, "breast")["cancer"].tolist() == [0, 0]
    assert by_unit(table, "patient")["cancer"].tolist() == [0]
    assert len(by_unit(table, "image")) == 4
    assert unit_codes(table, "breast")[0].tolist() == [0, 1, 2, 3]


def test_by_unit_images_that_are_left_out_belong_to_no_breast_and_no_patient(small):
    table = small.assign(
        left_out=small["image_id"].map({"51": "This is a specimen.", "12": "This is a magnified view."})
    )
    assert by_unit(table, "image")["images"].sum() == 12
    breasts = by_unit(table, "breast")
    assert breasts["images"].tolist() == [1, 2, 1, 1, 1, 1, 2, 1]
    assert by_unit(table, "patient")["patient_id"].tolist() == ["1", "2", "3", "4"]
    assert "left_out" not in breasts
    assert summary(table).left_out == {"This is a magnified view.": 1, "This is a specimen.": 1}
    assert (summary(table).images, summary(table).breasts, summary(table).patients) == (12, 8, 4)
