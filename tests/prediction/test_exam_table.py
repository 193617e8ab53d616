import numpy as np

from builders.predicted_images import MODEL, decoded_image, image_prediction
from mammo_core.prediction.exam_table import exam_table, sort_exams
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.summarise import summarise


def test_exam_table_has_a_row_per_exam_the_highest_probability_first():
    images = [
        image_prediction(decoded_image("R", "CC", 0, "low"), probability=0.25),
        image_prediction(decoded_image("L", "CC", 1, "high"), probability=0.75),
        image_prediction(decoded_image("R", "CC", 2, "high"), probability=0.5),
        image_prediction(decoded_image(None, "CC", 3, "none"), probability=1.0),
    ]
    report = summarise(images, MODEL)
    exams = sort_exams(report, hang_exams(report.images))
    table = exam_table(report, exams).replace({np.nan: None})
    assert table[["patient", "right", "left", "highest", "decision"]].to_numpy().tolist() == [
        ["high", 0.5, 0.75, 0.75, "recall"],
        ["low", 0.25, None, 0.25, "no recall"],
        ["none", None, None, None, "–"],
    ]
    assert table["remarks"].tolist()[1] == "Missing views: R MLO, L CC, L MLO."
    assert table["exam"].tolist() == [""] * 3


def test_exam_table_without_decision_says_so():
    report = summarise([image_prediction(decoded_image("R"), ood_score=2.0)], replace_threshold(0.1))
    assert exam_table(report, hang_exams(report.images))["decision"].tolist() == ["no decision"]


def replace_threshold(threshold):
    return type(MODEL)(**{**vars(MODEL), "threshold": threshold})
