from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builders.predicted_images import decoded_image, image_prediction
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.prediction import predictor
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.examples import Example
from mammo_core.prediction.image_results import DuplicateImage, UnreadableImage
from mammo_core.prediction.predict import predict_exams
from mammo_core.prediction.viewing import (
    CataloguePredictor,
    HungImage,
    ViewedImage,
    hang_catalogue_exam,
    hang_catalogue_predictions,
    hang_predictions,
    input_files,
    missing_partner,
    out_of_distribution,
    read_view,
)
from mammo_core.preprocess.prepare import prepare_source
from mammo_core.settings import settings

VIEW = ViewedImage(np.full((4, 3), 9, np.uint8), (8, 6), None, None, "", {}, ())


def patient_table(tmp_path: Path) -> pd.DataFrame:
    """Return two images with files, one whose file is damaged, and one whose file is missing."""
    files = [tmp_path / name for name in ("r.dcm", "l.dcm", "damaged.dcm")]
    for file in files:
        file.touch()
    return pd.DataFrame(
        {
            "image_id": ["1", "2", "3", "4"],
            "laterality": ["R", "L", "R", "L"],
            "view": ["CC", "CC", "MLO", "MLO"],
            "file": [*map(str, files), None],
            "cancer": [1, 0, 0, 0],
        }
    )


def read_for_test(file: Path, prepare: bool) -> ViewedImage:
    if file.name == "damaged.dcm":
        raise ImageError("damaged", "The file is damaged.")
    return replace(VIEW, details=("prepared",) if prepare else ())


def test_hang_catalogue_exam_without_report_shows_images_and_reasons(tmp_path):
    lesions = pd.DataFrame({"image_id": ["1", "9"], "malignant": [1, 0]})
    (right, left), bottom = hang_catalogue_exam(patient_table(tmp_path), read_for_test, lesions=lesions)
    assert isinstance(right, HungImage)
    assert (right.name, right.label, right.laterality, right.cancer) == ("R CC", "image 1", "R", True)
    assert right.lesions["malignant"].tolist() == [1]
    assert (left.cancer, left.prediction, left.content.details) == (False, None, ("prepared",))
    assert bottom == (
        UnreadableImage("R MLO · image 3", "3", "The file is damaged."),
        UnreadableImage("L MLO · image 4", "4", "File missing."),
    )


def test_hang_catalogue_exam_shows_predictions_in_pictures_of_the_view(tmp_path):
    table = patient_table(tmp_path)
    first, second, damaged = input_files(table)
    prediction = replace(image_prediction(decoded_image("L", None), ood_score=1.5), key=first.key)
    images = (prediction, DuplicateImage("", second.key, 1), UnreadableImage("", damaged.key, "no"))
    sources = {file.key: file.source for file in (first, second, damaged)}
    rows = hang_catalogue_exam(table, read_for_test, ExamReport("m", 0.5, images, sources=sources))
    (right, left), _ = rows
    assert right.prediction == prediction.with_picture(VIEW.picture)
    assert (right.name, right.laterality) == ("R CC", "R")  # the table's, whatever the file states
    assert left.prediction == right.prediction  # of a duplicate, that of the image it repeats
    assert out_of_distribution(rows)


def test_hang_catalogue_exam_shows_why_an_image_has_no_prediction(tmp_path):
    table = patient_table(tmp_path).head(1)
    (file,) = input_files(table)
    report = ExamReport("m", 0.5, (UnreadableImage("", file.key, "No breast."),), sources={file.key: file.source})
    rows = hang_catalogue_exam(table, read_for_test, report)
    assert (rows[0][0].problem, rows[0][0].prediction) == ("No breast.", None)
    assert not out_of_distribution(rows)


def test_hang_catalogue_predictions_reads_no_file_and_leaves_out_the_unpredicted(tmp_path):
    table = patient_table(tmp_path)
    first, second, damaged = input_files(table)
    left = image_prediction(decoded_image("L", "CC"))
    predictions = {second.source: left, damaged.source: UnreadableImage("", damaged.key, "no")}
    (image,) = hang_catalogue_predictions(table, predictions)
    assert (image.name, image.label, image.source, image.content) == ("L CC", "image 2", second.source, left)
    both = hang_catalogue_predictions(table, {**predictions, first.source: left})
    assert [image.name for image in both] == ["R CC", "L CC"]  # the table's side, in the order of hanging


def test_hang_predictions_keeps_file_name_and_source():
    prediction = image_prediction(decoded_image(None, "CC"), "a.dcm", ood_score=0.25)
    report = ExamReport("m", 0.5, (prediction,), sources={prediction.key: b"source"})
    rows = hang_predictions([(None, prediction)], report)
    ((nothing, image),) = rows
    assert nothing is None
    assert (image.name, image.label, image.source, image.laterality) == ("? CC", "a.dcm", b"source", None)
    assert image.content is prediction
    assert not out_of_distribution(rows)


def test_hang_predictions_shows_label_and_lesions_of_an_example():
    prediction = image_prediction(decoded_image("R", "CC"), "a.dcm")
    report = ExamReport("m", 0.5, (prediction,), sources={prediction.key: b"source"})
    boxes = pd.DataFrame({"malignant": [1]})
    example = Example((), {"R": True, "L": False}, {prediction.key: boxes})
    ((image, _),) = hang_predictions([(prediction, None)], report, example)
    assert image.cancer
    assert image.lesions is boxes
    ((upload, _),) = hang_predictions([(prediction, None)], report)
    assert isinstance(upload, HungImage)
    assert upload.cancer is None


def test_read_view_uses_requested_window(readable):
    file = Path(readable["file"].iloc[0])
    view = read_view(file, None, None)
    assert (view.source_shape, view.chest_left, view.model_input) == ((512, 384), None, None)
    assert not np.array_equal(read_view(file, None, (1.0, 50.0)).picture, view.picture)
    assert "PatientID" not in view.tags


def test_read_view_of_an_image_too_large_for_models_is_shown_and_says_so(readable, monkeypatch):
    monkeypatch.setenv("MAMMO_MAX_MEGAPIXELS", "0.1")
    settings.cache_clear()
    view = read_view(Path(readable["file"].iloc[0]), PreprocessingConfig(), None)
    monkeypatch.undo()
    settings.cache_clear()
    assert view.picture.any()
    assert view.model_input is None
    assert "is shown at reduced resolution; at most 0.1 are read by models." in view.problem


def test_read_view_model_input_equals_imported_image(readable):
    files = [Path(file) for file in readable["file"].iloc[:6]]
    assert len(files) == 6
    for file in files:
        for preprocessing in (PreprocessingConfig(), PreprocessingConfig(size=64)):
            expected = prepare_source(file, preprocessing)
            view = read_view(file, preprocessing, None)
            assert np.array_equal(view.model_input, expected.image)
            assert view.chest_left is not expected.geometry.flipped


def test_catalogue_predictor_looks_up_no_views_and_keeps_no_picture(finished, readable, trained, sandbox, monkeypatch):
    def fail(*_):
        raise AssertionError("a catalogue was read")

    monkeypatch.setattr(predictor, "known_views", fail)
    readable = readable.head(2)
    report = predict_exams(finished, input_files(readable), CataloguePredictor(trained), sandbox)
    assert [image.decoded.picture.size for image in report.predictions] == [0, 0]
    assert all(image.decoded.model_input.any() for image in report.predictions)
    rows = hang_catalogue_exam(readable, lambda _file, _prepare: VIEW, report)
    hung = [image for row in rows for image in row if image is not None]
    assert [image.content.picture is VIEW.picture for image in hung] == [True, True]
    assert all(image.prediction for image in hung)


def test_hang_catalogue_exam_image_without_a_side_is_shown_and_not_counted(tmp_path):
    row = patient_table(tmp_path).iloc[0].to_dict() | {"laterality": np.nan}
    ((_, image),) = hang_catalogue_exam(pd.DataFrame([row]), lambda *_: VIEW)
    assert isinstance(image, HungImage)
    assert (image.name, image.laterality, image.special_kind) == ("? CC", None, "an image of an unknown side")


def test_hang_catalogue_exam_unlabelled_image_has_no_label(tmp_path):
    row = {"image_id": "1", "laterality": "L", "view": "CC", "cancer": pd.NA, "file": str(tmp_path / "1.dcm")}
    view = ViewedImage(np.zeros((2, 2), np.uint8), 2, 2, None, "", {}, ())
    ((_, image),) = hang_catalogue_exam(pd.DataFrame([row]), lambda *_: view)
    assert isinstance(image, HungImage)
    assert image.cancer is None


@pytest.mark.parametrize(
    ("name", "special_kind", "missing"),
    [
        ("R CC", None, "L CC"),
        ("L MLO", None, "R MLO"),
        ("? CC", None, None),
        ("R ML", None, None),
        ("R CC", "a spot", None),
    ],
)
def test_missing_partner_is_the_other_side_of_a_standard_view(name, special_kind, missing):
    image = HungImage(name, "image 1", "1", b"", None, VIEW, special_kind=special_kind)
    assert missing_partner(image) == missing
