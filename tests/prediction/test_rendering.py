import io

import numpy as np
import pandas as pd
from PIL import Image

from mammo_core.figures.viewer import zoom_figure
from mammo_core.prediction.rendering import MALIGNANT, hang, outline_lesions, overlay, to_png

PICTURE = np.full((40, 20), 100, np.uint8)


def test_overlay_without_cam_keeps_the_picture():
    assert np.array_equal(overlay(PICTURE, None, 0.5), np.stack([PICTURE] * 3, axis=2))
    cam = np.zeros((40, 20), np.float32)
    cam[3, 4] = 1
    hot = overlay(PICTURE, cam, 1.0)
    assert hot[3, 4].tolist() == [255, 240, 120]
    assert hot[0, 0].tolist() == [100, 100, 100]


def test_hang_joins_chest_walls_in_the_middle():
    picture = np.arange(6).reshape(2, 3)
    assert np.array_equal(hang(picture, "L", True), picture)
    assert np.array_equal(hang(picture, "R", False), picture)
    assert np.array_equal(hang(picture, "R", True), picture[:, ::-1])
    assert np.array_equal(hang(picture, None, False), picture[:, ::-1])


def test_outline_lesions_at_any_resolution():
    lesion = pd.DataFrame({"top": [20], "left": [20], "bottom": [60], "right": [60], "malignant": [1]})
    drawn = outline_lesions(PICTURE, lesion, 160, 80)  # the source has four times the pixels
    red = np.argwhere((drawn == MALIGNANT).all(axis=2))
    assert red.min(axis=0).tolist() == [5, 5]
    assert red.max(axis=0).tolist() == [15, 15]


def test_to_png_is_lossless():
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(to_png(PICTURE)))), PICTURE)


def test_zoom_figure_keeps_the_aspect_ratio():
    figure = zoom_figure(PICTURE)
    assert figure.layout.xaxis.range == (0, 20)
    assert figure.layout.yaxis.range == (40, 0)
    assert figure.layout.yaxis.scaleanchor == "x"
