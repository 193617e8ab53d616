import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from builders.predicted_images import decoded_image, image_prediction
from mammo_core.documents.viewer import LesionBox, ViewerCell
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.examples import Example
from mammo_core.prediction.image_results import UnreadableImage
from mammo_core.prediction.viewer_layout import HEATMAP_SIDE, Annotations, lay_out_patient, lay_out_predictions
from mammo_core.prediction.viewing import hang_predictions

NONE = Annotations()
BOX = {"top": 1.0, "left": 2.0, "bottom": 3.0, "right": 4.0}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    columns = [
        "patient_id",
        "image_id",
        "laterality",
        "view",
        "file",
        "cancer",
        "age",
        "density",
        "site_id",
        "machine_id",
    ]
    columns += ["implant", "invasive", "biopsy", "BIRADS"]
    return pd.DataFrame([dict.fromkeys(columns) | {"patient_id": "7"} | row for row in rows])


def image(number: int, side: str | None, view: str, **values: object) -> dict[str, object]:
    return {
        "image_id": str(number),
        "laterality": side,
        "view": view,
        "file": f"/data/{number}.dcm",
        "cancer": 0,
    } | values


def cells(images: pd.DataFrame, annotations: Annotations = NONE) -> list[ViewerCell]:
    layout = lay_out_patient(images, lambda file: f"pixels/{file.stem}", annotations)
    return [cell for exam in layout.exams for row in exam.rows for cell in row]


def test_views_hang_right_and_left_with_cc_above_mlo_and_others_below():
    images = table(image(1, "L", "MLO"), image(2, "L", "CC", cancer=1), image(3, "R", "MLO"), image(4, "R", "ML"))
    hung = cells(images)
    assert [cell.name for cell in hung] == ["R CC", "L CC", "R MLO", "L MLO", "R ML", ""]
    assert [cell.address for cell in hung] == ["", "pixels/2", "pixels/3", "pixels/1", "pixels/4", ""]
    assert [cell.image_id for cell in hung] == ["", "2", "3", "1", "4", ""]
    assert [cell.problem for cell in hung] == ["R CC is missing.", "", "", "", "", ""]
    assert [cell.cancer for cell in hung] == [None, True, False, False, False, None]


def test_file_that_is_not_there_keeps_its_position_and_says_so():
    (right, left) = cells(table(image(1, "R", "CC", file=None), image(2, "L", "CC")))
    assert (right.name, right.label, right.address, right.problem) == ("R CC", "image 1", "", "File missing.")
    assert left.problem == ""


def test_unlabelled_image_of_unknown_side_is_shown_and_not_counted():
    (_, cell) = cells(table(image(1, None, "CC", cancer=pd.NA)))
    assert (cell.name, cell.cancer, cell.special_kind) == ("? CC", None, "an image of an unknown side")
    assert cells(table(image(1, "R", "MAG")))[0].special_kind == "a magnified view"


def test_lesions_belong_to_their_image_and_none_means_not_to_be_shown():
    images = table(image(1, "R", "CC"), image(2, "L", "CC"))
    lesions = pd.DataFrame([{"image_id": "2", "malignant": 1, "top": 1, "left": 2, "bottom": 3, "right": 4}])
    box = LesionBox(malignant=True, top=1, left=2, bottom=3, right=4)
    assert [cell.lesions for cell in cells(images, Annotations(lesions))] == [(), (box,)]
    assert [cell.lesions for cell in cells(images)] == [None, None]


def test_exams_of_a_patient_come_newest_first_with_their_dates():
    images = table(
        image(1, "R", "CC", exam_id="a", exam_date="2021-03-04"),
        image(2, "R", "CC", exam_id="b", exam_date="2023-05-06"),
    )
    layout = lay_out_patient(images, lambda file: f"pixels/{file.stem}", NONE)
    assert [exam.title for exam in layout.exams] == ["Exam of 2023-05-06", "Prior exam of 2021-03-04"]
    assert [exam.rows[0][0].address for exam in layout.exams] == ["pixels/2", "pixels/1"]
    assert layout.exams[0].description == "1 image"


def test_findings_are_apart_from_what_is_always_shown():
    images = table(image(1, "L", "CC", cancer=1, BIRADS="0"), image(2, "R", "CC"))
    (exam,) = lay_out_patient(images, lambda file: f"pixels/{file.stem}", NONE).exams
    assert (exam.description, exam.findings) == ("2 images", "L: cancer, BI-RADS 0")


def test_predictions_come_with_a_heatmap_of_the_frame_or_with_why_there_is_none():
    cam = np.zeros((8, 8), np.float32)
    cam[:, :4] = 1
    predicted = replace(image_prediction(decoded_image()), cam=cam)
    images = table(image(1, "R", "CC"), image(2, "L", "CC"), image(3, "R", "MLO"))
    predictions = {
        Path("/data/1.dcm"): predicted,
        Path("/data/2.dcm"): UnreadableImage("2", "2", "It shows no breast."),
    }
    first, second, third, _ = cells(images, Annotations(predictions=predictions))
    assert first.probability == predicted.probability
    assert first.no_decision == predicted.no_decision
    heatmap = first.heatmap
    assert heatmap is not None
    assert max(heatmap.rows, heatmap.columns) == HEATMAP_SIDE
    levels = np.frombuffer(base64.b64decode(heatmap.levels), np.uint8).reshape(heatmap.rows, heatmap.columns)
    assert np.array_equal(levels, np.round(predicted.heatmap(heatmap.rows, heatmap.columns) * 255))
    assert levels.max() == 255
    assert (second.probability, second.heatmap, second.unpredicted) == (None, None, "It shows no breast.")
    assert (third.probability, third.unpredicted) == (None, "")


def test_predicted_files_hang_with_their_predictions_and_what_is_missing():
    predicted = image_prediction(decoded_image(), file="a.dcm")
    source = Path("/data/a.dcm")
    example = Example((), {"R": True}, {predicted.key: pd.DataFrame([{"malignant": 1, **BOX}])})
    report = ExamReport("demo", 0.5, (predicted,), sources={predicted.key: source})
    rows = hang_predictions([(predicted, None)], report, example)
    (exam,) = lay_out_predictions(rows, lambda image: f"pixels/{image.key}").exams
    ((right, left),) = exam.rows
    side, view = predicted.decoded.laterality, predicted.decoded.view_name
    assert (right.name, right.label, right.address) == (f"{side} {view}", "a.dcm", f"pixels/{predicted.decoded.digest}")
    assert (right.probability, right.no_decision) == (predicted.probability, predicted.no_decision)
    assert right.lesions == (LesionBox(malignant=True, **BOX),)
    assert right.image_id == ""  # marks are drawn on images of data sets
    assert (left.name, left.problem, left.address) == (f"L {view}", f"L {view} is missing.", "")
