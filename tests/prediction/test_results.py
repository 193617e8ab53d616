import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from builders.predicted_images import decoded_image, image_prediction
from mammo_core.documents.prediction import BreastPrediction, PatientPrediction
from mammo_core.prediction.results import (
    NO_IDENTITY,
    DuplicateImage,
    ExamReport,
    ImagePrediction,
    UnreadableImage,
    summarise,
)

BUNDLE = SimpleNamespace(name="trained", threshold=0.5)
RIGHT, LEFT, UNKNOWN_SIDE = decoded_image("R"), decoded_image("L", seed=1), decoded_image(None, seed=2)


@pytest.fixture
def report() -> ExamReport:
    """A right breast of two images, one of them out of distribution; a left breast; an unknown side; two problems."""
    images = [
        image_prediction(RIGHT, "a/1.dcm", probability=0.25),
        image_prediction(RIGHT, "a/2.dcm", probability=0.625, ood_score=2.0),
        image_prediction(LEFT, "a/3.dcm", probability=0.5),
        image_prediction(UNKNOWN_SIDE, "a/4.dcm", probability=1.0),
        UnreadableImage("letter", "l", "This isn't a DICOM file."),
        DuplicateImage("a/5.dcm", "d", 3),
    ]
    return summarise(images, BUNDLE)


def test_summarise_averages_breasts_and_takes_the_higher_breast(report):
    assert report.breasts == (
        BreastPrediction(
            patient="p", laterality="L", images=1, probability=0.5, recall=True, out_of_distribution=False
        ),
        BreastPrediction(
            patient="p", laterality="R", images=2, probability=0.4375, recall=None, out_of_distribution=True
        ),
    )
    assert report.patients == (
        PatientPrediction(patient="p", images=3, probability=0.5, recall=None, out_of_distribution=True),
    )


def of(exam: str | None, date: str | None, probability: float, laterality: str = "R", **attributes) -> ImagePrediction:
    seed = round(1000 * probability)
    decoded = decoded_image(laterality, seed=seed, exam=exam, date=date, **attributes)
    return image_prediction(decoded, f"{seed}.dcm", probability=probability)


def test_summarise_answers_each_exam_and_never_averages_priors_into_the_current_one():
    images = [
        of("first", "2019-05-02", 0.125),
        of("second", "2021-05-02", 0.25),
        of("current", "2023-05-02", 0.75),
        of("current", "2023-05-02", 0.5),
        of("current", "2023-05-02", 0.625, "L"),
    ]
    report = summarise(images, BUNDLE)
    assert [
        (one.exam, one.date, one.laterality, one.images, one.probability, one.recall) for one in report.breasts
    ] == [
        ("current", "2023-05-02", "L", 1, 0.625, True),
        ("current", "2023-05-02", "R", 2, 0.625, True),
        ("second", "2021-05-02", "R", 1, 0.25, False),
        ("first", "2019-05-02", "R", 1, 0.125, False),
    ]
    assert [(one.exam, one.date, one.images, one.probability) for one in report.patients] == [
        ("current", "2023-05-02", 3, 0.625),
        ("second", "2021-05-02", 1, 0.25),
        ("first", "2019-05-02", 1, 0.125),
    ]
    table = pd.read_csv(io.StringIO(report.to_csv()))
    assert table["prior_exam"].tolist() == [True, True, False, False, False]
    assert table["breast_probability"].tolist() == [0.125, 0.25, 0.625, 0.625, 0.625]
    assert "2021" not in report.to_csv()
    assert pd.read_csv(io.StringIO(report.to_csv(dates=True)))["date"].tolist()[0] == "2019-05-02"
    assert "breast p R, exam of 2021-05-02: 0.250, no recall" in list(report.lines())


def test_summarise_special_image_is_predicted_and_not_counted():
    magnified = of("current", None, 1.0, modifiers=("magnified",), special_kind="a magnified view")
    report = summarise([of("current", None, 0.25), magnified], BUNDLE)
    assert [(breast.images, breast.probability) for breast in report.breasts] == [(1, 0.25)]
    entry = report.to_document().images[1]
    assert (entry.probability, entry.counted, entry.modifiers) == (1.0, False, ("magnified",))
    assert entry.note == "This is a magnified view: it is shown and not counted."


def test_summarise_patients_of_one_exam_key_stay_apart():
    report = summarise([of("e", None, 0.25, patient="p"), of("e", None, 0.75, patient="q")], BUNDLE)
    assert [(one.patient, one.probability) for one in report.breasts] == [("p", 0.25), ("q", 0.75)]


def test_summarise_unknown_patients_are_told_apart_by_their_exams():
    report = summarise([of("e", None, 0.25, patient=None), of("f", None, 0.75, patient=None)], BUNDLE)
    assert [(one.patient, one.exam, one.probability) for one in report.patients] == [
        ("unknown", "e", 0.25),
        ("unknown", "f", 0.75),
    ]


def test_summarise_without_any_identity_answers_no_breast_and_no_patient():
    report = summarise([of(None, None, 0.25, patient=None), of(None, "2021-03-04", 0.75, patient=None)], BUNDLE)
    assert (report.breasts, report.patients) == ((), ())
    assert [(entry.probability, entry.counted) for entry in report.to_document().images] == [
        (0.25, False),
        (0.75, False),
    ]
    assert report.to_document().images[0].note == NO_IDENTITY


def test_summarise_unknown_side_gives_no_breast_and_no_patient():
    report = summarise([image_prediction(UNKNOWN_SIDE, "b.dcm")], BUNDLE)
    assert (report.breasts, report.patients) == ((), ())
    assert "b.dcm" in report.to_csv()


def test_document_has_one_entry_for_each_file(report):
    document = report.to_document().to_json()
    assert list(document) == ["model", "threshold", "images", "breasts", "patients"]
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
    rows = list(csv.DictReader(io.StringIO(summarise(images, BUNDLE).to_csv(), newline="")))
    name = name.replace("\r", "\n")
    assert [row["file"] for row in rows] == [f"'{name}"] * 2
    assert [row["patient"] for row in rows] == [f"'{name}", ""]
    assert (rows[0]["note"], rows[1]["error"]) == (f"'{name}", f"'{name}")
    assert rows[0]["probability"] == "0.5"


def test_lines_state_every_file_breast_and_patient(report):
    lines = list(report.lines())
    assert lines[0] == "a/1.dcm: 0.250"
    assert lines[3] == "a/4.dcm: 1.000 (The side is unknown, so the image belongs to no breast.)"
    assert lines[4] == "letter: This isn't a DICOM file."
    assert lines[6:] == [
        "breast p L: 0.500, recall",
        "breast p R: 0.438, no decision",
        "patient p, highest breast: 0.500, no decision",
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


def test_without_arrays_keeps_the_thumbnail(report):
    slim = report.images[0].without_arrays()
    assert (slim.decoded.picture.size, slim.decoded.model_input.size, slim.decoded.thumbnail.size) == (0, 0, 256)
    assert slim.probability == 0.25


def test_image_prediction_describes_source_and_prediction():
    decoded = replace(decoded_image("R"), notes=("The file has no window.",))
    decoded.model_input[:2] = 1  # breast: the upper half
    image = image_prediction(decoded, ood_score=0.25)
    assert (image.source_shape, image.chest_left) == ((8, 6), True)
    assert image.details == ("Difference from training images: 0.25 (limit 1.0)", "The file has no window.")
    cam = np.eye(4, dtype=np.float32)
    assert replace(image, cam=cam).details == ("Heatmap outside the breast: 50 %", *image.details)
