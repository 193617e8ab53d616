import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.rendering import (
    FOOT,
    MALIGNANT,
    TILE,
    black_picture,
    cam_legend,
    draw_image,
    exam_picture,
    foot_text,
    hang,
    image_title,
    outline_lesions,
    overlay,
    stretch,
    to_png,
)
from mammo_core.prediction.viewing import ViewedImage, ViewSettings

PICTURE = np.full((40, 20), 100, np.uint8)
LESION = pd.DataFrame({"top": [20], "left": [20], "bottom": [60], "right": [60], "malignant": [1]})
HOT = np.eye(4, dtype=np.float32)


def standard_exam() -> list:
    views = [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]
    images = [image_prediction(decoded_image(side, view, seed)) for seed, (side, view) in enumerate(views)]
    (exam,) = hang_exams([replace(image, cam=HOT) for image in images])
    rows = exam.rows
    return rows


def test_overlay_without_cam_keeps_the_picture():
    assert np.array_equal(overlay(PICTURE, None, 0.5), np.stack([PICTURE] * 3, axis=2))
    cam = np.zeros((40, 20), np.float32)
    cam[3, 4] = 1
    hot = overlay(PICTURE, cam, 1.0)
    assert hot[3, 4].tolist() == [255, 240, 120]
    assert hot[0, 0].tolist() == [100, 100, 100]


def test_cam_legend_runs_from_tissue_to_the_colour_of_the_highest_value():
    legend = cam_legend(1.0)
    assert legend[0, 0].tolist() == [110, 110, 110]
    assert legend[-1, -1].tolist() == [255, 240, 120]
    assert cam_legend(0.5)[-1, -1].tolist() == [182, 175, 115]


def test_black_picture_has_the_size_of_the_image_and_leaves_it_as_it_is():
    image = ViewedImage(PICTURE, (8, 6), True, None, "", {}, ())
    assert np.array_equal(black_picture(image), np.zeros((40, 20), np.uint8))
    assert PICTURE.min() == 100


def test_stretch_rescales_to_the_window():
    picture = np.array([[0, 50, 100, 200, 255]], np.uint8)
    assert stretch(picture, (0, 255)) is picture
    assert stretch(picture, (50, 200)).tolist() == [[0, 0, 85, 255, 255]]


def test_hang_joins_chest_walls_in_the_middle():
    picture = np.arange(6).reshape(2, 3)
    assert np.array_equal(hang(picture, "L", True), picture)
    assert np.array_equal(hang(picture, "R", False), picture)
    assert np.array_equal(hang(picture, "R", True), picture[:, ::-1])
    assert np.array_equal(hang(picture, None, False), picture[:, ::-1])
    assert np.array_equal(hang(picture, "L", None), picture)


def test_outline_lesions_at_any_resolution():
    drawn = outline_lesions(PICTURE, LESION, 160, 80)  # the source has four times the pixels
    cyan = np.argwhere((drawn == MALIGNANT).all(axis=2))
    assert cyan.min(axis=0).tolist() == [5, 5]
    assert cyan.max(axis=0).tolist() == [15, 15]


def test_to_png_is_lossless():
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(to_png(PICTURE)))), PICTURE)


def test_draw_image_shows_heatmap_only_with_opacity():
    image = replace(image_prediction(decoded_image("L")), cam=HOT)
    plain, heated = draw_image(image, "L", ViewSettings(opacity=0)), draw_image(image, "L", ViewSettings(opacity=0.6))
    assert np.array_equal(plain, np.stack([image.picture] * 3, axis=2))
    assert (heated[..., 0] != heated[..., 2]).any()
    assert np.array_equal(draw_image(image, "R", ViewSettings(opacity=0)), plain[:, ::-1])


def test_draw_image_of_another_picture_enlarges_the_heatmap():
    image = replace(image_prediction(decoded_image("R")), cam=HOT)
    image = image.with_picture(np.kron(image.picture, np.ones((8, 8), np.uint8)))
    doubled = np.kron(image.picture, np.ones((2, 2), np.uint8))
    drawn = draw_image(image, "R", ViewSettings(opacity=0.6), picture=doubled)[::2, ::2].astype(int)
    assert np.abs(drawn - draw_image(image, "R", ViewSettings(opacity=0.6))).mean() < 3


def test_draw_image_without_prediction_keeps_the_picture_and_outlines_lesions():
    view = ViewedImage(PICTURE, (160, 80), None, None, "No breast.", {}, ())
    for side in "LR":
        drawn = draw_image(view, side, ViewSettings(), lesions=LESION)
        assert np.array_equal(drawn, outline_lesions(PICTURE, LESION, 160, 80))


def test_draw_image_applies_the_window():
    view = ViewedImage(PICTURE, (40, 20), None, None, "", {}, ())
    assert (draw_image(view, "L", ViewSettings(grey_levels=(50, 150))) == 128).all()


def test_exam_picture_joins_chest_walls_in_the_middle():
    bright = np.zeros((8, 6), np.uint8)
    bright[:, :2] = 200  # the chest wall at the left
    rows = [tuple(image.with_picture(bright) for image in row) for row in standard_exam()]
    picture = exam_picture(rows, ExamReport("m", 0.5), 0)
    assert picture.shape == (2 * (TILE + FOOT) + FOOT, 2 * 480, 3)
    first = picture[:TILE]
    assert first[:, 400:560].mean() > 150
    assert first[:, :300].mean() < 10


def test_exam_picture_pads_a_missing_view():
    ((right, _), _) = standard_exam()
    picture = exam_picture([(right, None)], ExamReport("m", 0.5), 0)
    assert picture.shape[:2] == (TILE + 2 * FOOT, 480 + TILE // 2)
    assert not picture[: TILE + FOOT, 480:].any()


FOOT_OF_DECISION = "m, recall threshold 0.50. Research use only, not a diagnosis."
MAGNIFIED = decoded_image("R", "CC", special_kind="a magnified view")


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (image_prediction(decoded_image("R")), FOOT_OF_DECISION),
        (
            image_prediction(decoded_image("R"), beyond_model=True),
            "No decision: this model has only seen synthetic images. Research use only, not a diagnosis.",
        ),
        (
            image_prediction(decoded_image("R"), ood_score=1.5),
            "No decision: an image is unlike the training images. Research use only, not a diagnosis.",
        ),
        (image_prediction(MAGNIFIED, ood_score=1.5), FOOT_OF_DECISION),
    ],
)
def test_foot_text_gives_the_threshold_only_where_something_is_decided(image, text):
    sound = image_prediction(decoded_image("L"))
    assert foot_text([(image, sound)], ExamReport("m", 0.5)) == text


def test_exam_picture_without_decision_writes_that_below_the_images():
    rows = standard_exam()
    foreign = [tuple(replace(image, beyond_model=True) for image in row) for row in rows]
    decided, undecided = (exam_picture(which, ExamReport("m", 0.5), 0) for which in (rows, foreign))
    assert np.array_equal(decided[:-FOOT], undecided[:-FOOT])
    assert (decided[-FOOT:] != undecided[-FOOT:]).any()


def test_image_title_marks_images_out_of_distribution():
    assert image_title(image_prediction(decoded_image("R", "CC"))) == "R CC: 0.50"
    unlike = image_prediction(decoded_image(None, None), ood_score=1.25)
    assert image_title(unlike) == "side unknown view unknown: 0.50, unlike the training images"
    magnified = image_prediction(decoded_image("R", "CC", modifiers=("magnified",), special_kind="a magnified view"))
    assert image_title(magnified) == "R CC (magnified): 0.50, a magnified view, not counted"
