import pandas as pd
import pytest

from builders.marks import draw
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.marks import mark_path
from mammo_core.dataset.patients import (
    describe_findings,
    describe_patient,
    list_patients,
    order_patients,
    patient_exams,
    patient_images,
    patient_table,
    prepared_images,
    quarantined,
    stores_version,
)
from mammo_core.workspace import Workspace


@pytest.fixture
def catalogue(prepared):
    return read_catalogue(prepared.data / "demo")


def test_list_patients_without_kind_lists_each_patient_once(catalogue):
    patients = list_patients(Workspace.from_environment(), catalogue)
    assert patients == catalogue.table["patient_id"].unique().tolist()
    assert set(patient_images(catalogue, patients[0])["patient_id"]) == {patients[0]}


def test_quarantined_patients_are_listed(catalogue):
    images = set(quarantined(Workspace.from_environment(), catalogue))
    assert len(images) == 3
    patients = catalogue.table.loc[catalogue.table["image_id"].isin(images), "patient_id"]
    assert list_patients(Workspace.from_environment(), catalogue, "quarantined") == list(dict.fromkeys(patients))


def test_patients_with_marks_are_listed(prepared, catalogue):
    assert list_patients(prepared, catalogue, "marked") == []
    draw(prepared, catalogue, 1, catalogue.table["image_id"].iloc[5])
    assert list_patients(prepared, catalogue, "marked") == [catalogue.table["patient_id"].iloc[5]]
    mark_path(prepared, describe_source(prepared, catalogue)).write_text("no JSON")
    assert list_patients(prepared, catalogue, "marked") == []  # the page stays; the viewer says why


def test_describe_patient_keeps_the_findings_apart(catalogue):
    images = patient_images(catalogue, list_patients(Workspace.from_environment(), catalogue, "positive")[0])
    assert "years" in describe_patient(images)
    assert not any(word in describe_patient(images) for word in ("cancer", "BI-RADS", "invasive", "biopsy"))
    assert "cancer, " in describe_findings(images)


def test_describe_findings_of_an_unlabelled_patient_is_empty():
    words = dict.fromkeys(["cancer", "invasive", "biopsy", "BIRADS"], pd.NA)
    assert describe_findings(pd.DataFrame([{"laterality": "L"} | words])) == ""


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


def test_patient_table_has_a_row_for_each_patient_and_is_sorted():
    images = pd.DataFrame(
        {
            "patient_id": ["b", "b", "a", "c"],
            "cancer": pd.array([0, 1, 0, None], "Int8"),
            "age": [50.0, 50, 70, None],
            "density": [None, "B", "C", None],
            "file": ["x", None, None, "y"],
        }
    )
    table = patient_table(images)
    assert table["patient_id"].tolist() == ["b", "a", "c"]
    assert table["label"].tolist()[:2] == ["positive", "negative"]
    assert pd.isna(table["label"].iloc[2])
    assert table["files"].tolist() == [1, 0, 1]
    assert order_patients(table, "oldest first")["patient_id"].tolist() == ["a", "b", "c"]
    assert order_patients(table, "positive first")["patient_id"].tolist() == ["b", "a", "c"]
    assert order_patients(table, "highest score first")["patient_id"].tolist() == ["b", "a", "c"]  # no scores yet


def test_prepared_images_and_version_follow_the_stores(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    pngs, before = prepared_images(prepared, catalogue), stores_version(prepared)
    assert pngs
    assert all(png.is_file() for png in pngs.values())
    (prepared.prepared / "demo" / "manifest.parquet").unlink()
    assert prepared_images(prepared, catalogue) == {}
    assert stores_version(prepared) != before
