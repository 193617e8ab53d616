from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.truth import read_truth
from mammo_core.errors import ImageError
from mammo_core.exam import facts_of, hang_rows, next_patient, patients_of, quarantined, read_view
from mammo_core.preprocess import Contract, prepare_source


@pytest.fixture
def catalogue(finished):
    return read_catalogue(finished / "data" / "demo")


def test_views_hang_as_readers_hang_them():
    table = pd.DataFrame(
        {
            "image_id": list("abcdef"),
            "laterality": ["L", "R", "L", "R", "R", "L"],
            "view": ["MLO", "MLO", "CC", "CC", "MLO", "AT"],
        }
    )
    rows = [tuple(None if image is None else image["image_id"] for image in row) for row in hang_rows(table)]
    assert rows == [("d", "c"), ("b", "a"), ("e", None), (None, "f")]


def test_the_next_patient_of_a_kind_goes_round(catalogue):
    positives = patients_of(catalogue, "positive")
    table = pd.read_csv(catalogue.csv, dtype={"patient_id": str}).query("cancer == 1")
    assert positives == list(dict.fromkeys(table["patient_id"]))
    assert next_patient(catalogue, None, "positive") == positives[0]
    assert next_patient(catalogue, positives[0], "positive") == positives[1]
    assert next_patient(catalogue, positives[-1], "positive") == positives[0]
    assert set(patients_of(catalogue, "lesion")) >= set(positives)


def test_what_an_import_could_not_prepare_is_found_again(catalogue):
    assert len(quarantined(catalogue)) == 3
    images = set(quarantined(catalogue))
    patients = catalogue.table.loc[catalogue.table["image_id"].isin(images), "patient_id"]
    assert patients_of(catalogue, "quarantined") == list(dict.fromkeys(patients))


def test_a_view_is_read_with_the_window_and_the_resolution_that_were_asked_for(catalogue):
    images = catalogue.table.dropna(subset=["file"])
    file = images.loc[~images["image_id"].isin(quarantined(catalogue)), "file"].iloc[0]
    view = read_view(file, Contract(), None, full=True)
    assert view.picture.shape == (view.source_rows, view.source_columns) == (512, 384)
    assert view.model_input.shape == (256, 256)
    assert not np.array_equal(read_view(file, Contract(), (1.0, 50.0)).picture, view.picture)
    assert "PatientID" not in view.tags


def test_the_model_input_is_that_of_an_import(catalogue):
    images = catalogue.table.dropna(subset=["file"])
    for file in images.loc[~images["image_id"].isin(quarantined(catalogue)), "file"].iloc[:6]:
        for contract in (Contract(), Contract(size=64)):
            expected = prepare_source(Path(file), contract)
            view = read_view(file, contract, None)
            assert np.array_equal(view.model_input, expected.image)
            assert view.geometry == expected.geometry


def test_a_missing_file_is_one_sentence(catalogue):
    with pytest.raises(ImageError, match="file isn't there"):
        read_view(None, Contract(), None)


def test_facts_name_what_was_found_in_which_breast(catalogue):
    patient = patients_of(catalogue, "positive")[0]
    text = facts_of(catalogue.table[catalogue.table["patient_id"] == patient])
    assert "cancer, " in text
    assert "years" in text


def test_no_truth_is_none(tmp_path):
    assert read_truth(tmp_path) is None
