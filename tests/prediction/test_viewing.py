from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.errors import ImageError
from mammo_core.prediction.viewing import facts_of, hang_rows, next_patient, patients_of, quarantined, read_view
from mammo_core.preprocess import PreprocessingConfig, prepare_source


@pytest.fixture
def catalogue(finished):
    return read_catalogue(finished / "data" / "demo")


def test_hang_rows_orders_views_right_before_left():
    table = pd.DataFrame(
        {
            "image_id": list("abcdef"),
            "laterality": ["L", "R", "L", "R", "R", "L"],
            "view": ["MLO", "MLO", "CC", "CC", "MLO", "AT"],
        }
    )
    rows = [tuple(None if image is None else image["image_id"] for image in row) for row in hang_rows(table)]
    assert rows == [("d", "c"), ("b", "a"), ("e", None), (None, "f")]


def test_next_patient_of_a_kind_wraps_around(catalogue):
    positives = patients_of(catalogue, "positive")
    table = pd.read_csv(catalogue.csv, dtype={"patient_id": str}).query("cancer == 1")
    assert positives == list(dict.fromkeys(table["patient_id"]))
    assert next_patient(catalogue, None, "positive") == positives[0]
    assert next_patient(catalogue, positives[0], "positive") == positives[1]
    assert next_patient(catalogue, positives[-1], "positive") == positives[0]
    assert set(patients_of(catalogue, "lesion")) >= set(positives)


def test_quarantined_patients_are_listed(catalogue):
    assert len(quarantined(catalogue)) == 3
    images = set(quarantined(catalogue))
    patients = catalogue.table.loc[catalogue.table["image_id"].isin(images), "patient_id"]
    assert patients_of(catalogue, "quarantined") == list(dict.fromkeys(patients))


def test_read_view_uses_requested_window_and_full_resolution(catalogue):
    images = catalogue.table.dropna(subset=["file"])
    file = images.loc[~images["image_id"].isin(quarantined(catalogue)), "file"].iloc[0]
    view = read_view(file, PreprocessingConfig(), None, full=True)
    assert view.picture.shape == (view.source_rows, view.source_columns) == (512, 384)
    assert view.model_input.shape == (256, 256)
    assert not np.array_equal(read_view(file, PreprocessingConfig(), (1.0, 50.0)).picture, view.picture)
    assert "PatientID" not in view.tags


def test_read_view_model_input_equals_imported_image(catalogue):
    images = catalogue.table.dropna(subset=["file"])
    for file in images.loc[~images["image_id"].isin(quarantined(catalogue)), "file"].iloc[:6]:
        for preprocessing in (PreprocessingConfig(), PreprocessingConfig(size=64)):
            expected = prepare_source(Path(file), preprocessing)
            view = read_view(file, preprocessing, None)
            assert np.array_equal(view.model_input, expected.image)
            assert view.geometry == expected.geometry


def test_read_view_missing_file_raises_image_error(catalogue):
    with pytest.raises(ImageError, match="file isn't there"):
        read_view(None, PreprocessingConfig(), None)


def test_facts_of_positive_patient_include_cancer_and_age(catalogue):
    patient = patients_of(catalogue, "positive")[0]
    text = facts_of(catalogue.table[catalogue.table["patient_id"] == patient])
    assert "cancer, " in text
    assert "years" in text


def test_lesion_annotations_missing_returns_none(tmp_path):
    assert read_lesions(tmp_path) is None
