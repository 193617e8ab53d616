import csv
import io

import pandas as pd
import pytest

from builders.predicted_images import MODEL, decoded_image, exam_report, image_prediction
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.image_results import UnreadableImage
from mammo_core.prediction.summarise import summarise
from mammo_core.storage.spreadsheet import read_cell


@pytest.fixture
def report() -> ExamReport:
    return exam_report()


def test_document_has_one_entry_for_each_file(report):
    document = report.to_document().to_json()
    assert list(document) == ["schema_version", "model", "threshold", "images", "breasts", "patients"]
    assert document["images"][1] == {
        "file": "a/2.dcm",
        "patient": "p",
        "exam": None,
        "date": None,
        "laterality": "R",
        "view": "CC",
        "modifiers": [],
        "probability": 0.625,
        "out_of_distribution": True,
        "no_decision": "an image is unlike the training images",
        "counted": True,
        "note": None,
        "error": None,
    }
    assert document["images"][4] == {
        "file": "letter",
        "patient": None,
        "exam": None,
        "date": None,
        "laterality": None,
        "view": None,
        "modifiers": [],
        "probability": None,
        "out_of_distribution": None,
        "no_decision": None,
        "counted": False,
        "note": None,
        "error": "This isn't a DICOM file.",
    }
    assert document["images"][5]["error"] == "This is the same image as file 3; it counts once."
    assert [breast["recall"] for breast in document["breasts"]] == [True, None]
    assert document["patients"][0]["recall"] is None


def test_csv_repeats_breast_and_patient_results_for_each_image(report):
    table = pd.read_csv(io.StringIO(report.to_csv()))
    assert table["file"].tolist() == ["1.dcm", "2.dcm", "3.dcm", "4.dcm", "letter", "5.dcm"]
    assert table["breast_probability"].tolist()[:3] == [0.4375, 0.4375, 0.5]
    assert table["breast_probability"].isna().tolist() == [False] * 3 + [True] * 3
    assert table["breast_recall"].isna().tolist()[:3] == [True, True, False]
    assert table["breast_recall"].iloc[2]
    assert table["patient_probability"].tolist()[:4] == [0.5] * 4
    assert table["patient_recall"].isna().tolist()[:4] == [True] * 4
    assert table.loc[4:, ["patient", "patient_probability", "patient_recall"]].isna().all(axis=None)
    assert set(table["model"]) == {"trained"}


@pytest.mark.parametrize("name", ['=HYPERLINK("http:__b").dcm', "@SUM(A1)", "-2+3.dcm", "+1", "\t=1", "\r=1"])
def test_csv_of_hostile_names_holds_no_formula_and_no_folder(name):
    files = [f"Doe_Jane/11651/{name}", f"Doe_Jane\\11651\\{name}"]
    decoded = decoded_image(patient=name, notes=(name,))
    images = [image_prediction(decoded, files[0], ood_score=-0.5), UnreadableImage(files[1], "k", name)]
    rows = list(csv.DictReader(io.StringIO(summarise(images, MODEL).to_csv(), newline="")))
    assert [row["patient"] for row in rows[1:]] == [""]
    cells = [*(row["file"] for row in rows), rows[0]["patient"], rows[0]["note"], rows[1]["error"]]
    assert all(cell.startswith("'") for cell in cells)
    assert [read_cell(cell) for cell in cells] == [name.replace("\r", "\n")] * 5
    assert rows[0]["probability"] == "0.5"


def test_lines_state_every_file_breast_and_patient(report):
    lines = list(report.lines())
    assert lines[0] == "a/1.dcm: 0.250"
    assert lines[3] == "a/4.dcm: 1.000 (The side is unknown, so the image belongs to no breast.)"
    assert lines[4] == "letter: This isn't a DICOM file."
    assert lines[6:] == [
        "breast p L: 0.500, recall",
        "breast p R: 0.438, no decision: an image is unlike the training images",
        "patient p, highest breast: 0.500, no decision: an image is unlike the training images",
        "Model trained, recall threshold 0.500. Research use only, not a diagnosis.",
    ]


def test_original_of_a_duplicate_is_the_image_that_it_repeats(report):
    assert report.original(report.images[5]) is report.images[2]
    assert report.original(report.images[4]) is report.images[4]


def test_problems_are_numbered_by_file(report):
    assert report.problems == {5: report.images[4], 6: report.images[5]}
    assert report.predictions == list(report.images[:4])


def test_breasts_of_patient_come_right_before_left(report):
    assert [breast.laterality for breast in report.breasts_of(("p", None))] == ["R", "L"]
    assert report.breasts_of(("q", None)) == []
    assert report.patient_predictions(("p", None)) == [report.patients[0]]
