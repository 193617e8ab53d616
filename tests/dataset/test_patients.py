import pandas as pd
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.patients import (
    describe_patient,
    list_patients,
    next_patient,
    patient_exams,
    patient_images,
    quarantined,
)
from mammo_core.workspace import Workspace


@pytest.fixture
def catalogue(prepared):
    return read_catalogue(prepared.data / "demo")


def test_next_patient_of_a_kind_wraps_around(catalogue):
    workspace = Workspace.from_environment()
    positives = list_patients(workspace, catalogue, "positive")
    table = pd.read_csv(catalogue.csv, dtype={"patient_id": str}).query("cancer == 1")
    assert positives == list(dict.fromkeys(table["patient_id"]))
    assert next_patient(workspace, catalogue, None, "positive") == positives[0]
    assert next_patient(workspace, catalogue, positives[0], "positive") == positives[1]
    assert next_patient(workspace, catalogue, positives[-1], "positive") == positives[0]
    assert set(list_patients(workspace, catalogue, "lesion")) >= set(positives)


def test_list_patients_without_kind_lists_each_patient_once(catalogue):
    patients = list_patients(Workspace.from_environment(), catalogue)
    assert patients == catalogue.table["patient_id"].unique().tolist()
    assert set(patient_images(catalogue, patients[0])["patient_id"]) == {patients[0]}


def test_quarantined_patients_are_listed(catalogue):
    images = set(quarantined(Workspace.from_environment(), catalogue))
    assert len(images) == 3
    patients = catalogue.table.loc[catalogue.table["image_id"].isin(images), "patient_id"]
    assert list_patients(Workspace.from_environment(), catalogue, "quarantined") == list(dict.fromkeys(patients))


def test_describe_patient_positive_includes_cancer_and_age(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    text = describe_patient(patient_images(catalogue, patient))
    assert "cancer, " in text
    assert "years" in text


def exams_of(exams: list[str | None], dates: list[str | None]) -> list[tuple[str, list[str]]]:
    images = pd.DataFrame({"image_id": list("abcd"[: len(exams)]), "exam_id": exams, "exam_date": dates})
    return [(title, rows["image_id"].tolist()) for title, rows in patient_exams(images)]


def test_patient_exams_come_newest_first_and_name_priors():
    assert exams_of(["x", "y", "x", None], ["2019-03-04", "2021-03-04", "2019-03-04", None]) == [
        ("Exam of 2021-03-04", ["b"]),
        ("Prior exam of 2019-03-04", ["a", "c"]),
        ("Exam without a date", ["d"]),
    ]


def test_patient_exams_of_a_table_that_does_not_tell_them_apart_are_one():
    images = pd.DataFrame({"image_id": ["a", "b"]})
    ((title, rows),) = patient_exams(images)
    assert (title, rows["image_id"].tolist()) == ("", ["a", "b"])
    assert exams_of(["x", "x"], [None, None]) == [("", ["a", "b"])]
