from types import SimpleNamespace

import numpy as np
import pytest

from builders.app import figures, show_component
from builders.breasts import breast
from builders.dicom import build_dicom
from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.viewing import HungImage, ViewedImage, ViewSettings
from ui import zoom as module

FILE = build_dicom(breast())
PLAIN = ViewedImage(np.zeros((8, 6), np.uint8), (96, 72), None, None, "", {}, ())
SIZE = "72 × 96 pixels. Scroll to zoom, drag to move, double-click to reset."


@pytest.fixture(autouse=True)
def sandbox_in_process(monkeypatch):
    monkeypatch.setattr(module, "sandbox", lambda: SimpleNamespace(run=lambda task, *arguments: task(*arguments)))


def image(content, source=FILE) -> HungImage:
    return HungImage("L CC", "image 1", "1", source, "L", content)


def test_zoom_shows_the_file_in_its_own_pixels():
    app = show_component(module.zoom, image(PLAIN), ViewSettings())
    assert [caption.value for caption in app.caption] == [SIZE]
    (shown,) = figures(app)[0]["layout"]["images"]
    assert (shown["sizex"], shown["sizey"]) == (72, 96)


def test_zoom_custom_window_changes_the_picture():
    app = show_component(module.zoom, image(PLAIN), ViewSettings())
    before = figures(app)
    app.toggle[0].set_value(True).run()
    assert app.slider[0].value == (1.0, 99.7)
    app.slider[0].set_value((50.0, 60.0)).run()
    assert [caption.value for caption in app.caption] == [SIZE]
    assert figures(app) != before


def test_zoom_starts_with_the_window_of_the_page():
    app = show_component(module.zoom, image(PLAIN), ViewSettings(percentiles=(5.0, 90.0)))
    assert app.slider[0].value == (5.0, 90.0)


@pytest.mark.parametrize(("opacity", "captions"), [(0.5, 2), (0.0, 1)])
def test_zoom_explains_the_heatmap_where_one_is_shown(opacity, captions):
    prediction = image_prediction(decoded_image("L"))
    app = show_component(module.zoom, image(prediction), ViewSettings(opacity=opacity))
    texts = [caption.value for caption in app.caption]
    assert texts == [SIZE, "Heatmap: contribution of each region to the probability."][:captions]


def test_zoom_of_a_file_that_cannot_be_read_is_an_error():
    app = show_component(module.zoom, image(PLAIN, b"no image"), ViewSettings())
    assert [error.value for error in app.error] == [
        "This isn't a DICOM file. Give files as the scanner or the data set gives them."
    ]
    assert not figures(app)
