import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.figures.exams import exam_score_figure
from mammo_core.models.bundle import open_bundle
from mammo_core.prediction.exams import hang_exams, strip_file_names
from mammo_core.prediction.html_report import answer_html
from mammo_core.prediction.predict import predict_files
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.rendering import FOOT, TILE, exam_picture, hung_picture, stretch, whole_picture
from mammo_core.prediction.results import ExamReport, summarise
from mammo_core.prediction.viewing import quarantined


@pytest.fixture(scope="module")
def files(line) -> list[tuple[str, Path]]:
    """The images of one patient that can be read."""
    table = read_catalogue(line / "data" / "demo").table
    sound = table[table["file"].notna() & table["view"].isin(["CC", "MLO"])]
    exams = sound.groupby("patient_id").filter(lambda rows: len(rows) == 4)
    rows = exams[exams["patient_id"] == exams["patient_id"].iloc[0]]
    return [(f"name-{row.image_id}", Path(row.file)) for row in rows.itertuples()]


@pytest.fixture
def answer(finished, files) -> ExamReport:
    bundle = open_bundle(finished / "models" / "trained")
    with Sandbox() as sandbox:
        images = list(predict_files(files, Predictor(bundle), sandbox))
    views = [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]
    images = [
        replace(image, upload=replace(image.upload, laterality=side, view=view))
        for image, (side, view) in zip(images, views, strict=True)
    ]
    assert not quarantined(read_catalogue(finished / "data" / "demo")).keys() & {name for name, _ in files}
    return summarise(images, bundle)


def test_exam_picture_joins_chest_walls_in_the_middle(answer):
    (rows,) = hang_exams(answer.images).values()
    picture = exam_picture(rows, answer, 0.6)
    assert picture.dtype == np.uint8
    assert picture.shape[0] == 2 * (TILE + FOOT) + FOOT
    first = picture[:TILE]
    middle = first[:, first.shape[1] // 2 - 40 : first.shape[1] // 2 + 40]
    assert middle.mean() > first[:, :40].mean()  # tissue meets in the middle, air lies outside


def test_hung_picture_without_cam_is_greyscale(answer):
    image = answer.images[0]
    plain = hung_picture(image, 0)
    assert (plain[..., 0] == plain[..., 2]).all()
    assert plain.shape[:2] == image.upload.picture.shape


def test_stretch_rescales_to_the_window():
    picture = np.array([[0, 50, 100, 200, 255]], np.uint8)
    assert stretch(picture, (0, 255)) is picture
    assert stretch(picture, (50, 200)).tolist() == [[0, 0, 85, 255, 255]]


def test_figure_marks_exam_breasts_among_validation_breasts(answer, finished):
    predictions = open_bundle(finished / "models" / "trained").predictions()
    figure = exam_score_figure(predictions, answer.breasts, 0.5)
    lines = {shape.x0 for shape in figure.layout.shapes}
    assert lines >= set(answer.breasts["probability"])
    texts = " ".join(note.text or "" for note in figure.layout.annotations)
    for breast in answer.breasts.to_dict("records"):
        assert f"{breast['laterality']} {breast['probability']:.2f}" in texts


def test_whole_picture_cam_equals_hung_picture(answer):
    image = answer.images[0]
    whole = np.repeat(np.repeat(image.upload.picture, 2, 0), 2, 1)
    assert np.abs(whole_picture(image, whole, 0.6)[::2, ::2].astype(int) - hung_picture(image, 0.6)).mean() < 3


def test_answer_html_is_self_contained_and_hides_names(answer, finished):
    bundle = open_bundle(finished / "models" / "trained")
    exams = hang_exams(answer.images)
    for shown, named in ((strip_file_names(answer), False), (answer, True)):
        text = answer_html(shown, exams, bundle, 0.6)
        assert ("name-" in text) == named
        assert "Not a medical device" in text
        assert "data:image/png;base64," in text
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?http", text)
        assert f"{answer.breasts['probability'].iloc[0]:.3f}" in text


def test_answer_html_without_images(finished):
    bundle = open_bundle(finished / "models" / "trained")
    assert "Images" in answer_html(ExamReport(bundle.name, 0.5, []), {}, bundle, 0.5)
