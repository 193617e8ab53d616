import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.figures.style import COLOURS
from mammo_core.prediction.thumbnails import (
    LABEL_COLOURS,
    LIST_SIDE,
    SIDE,
    UNLABELLED,
    ThumbnailCache,
    draw_thumbnail,
    list_pictures,
    make_thumbnails,
)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_draw_thumbnail_hangs_the_breast_over_a_stripe_of_its_label():
    picture = np.zeros((SIDE, SIDE // 2), np.uint8)
    picture[:, :10] = 200  # chest wall at the left
    left, right = (pixels(draw_thumbnail(picture, side, cancer)) for side, cancer in (("L", 1), ("R", 0)))
    assert left[10, 2].tolist() == right[10, -3].tolist() == [200] * 3
    assert left[10, -3].tolist() == right[10, 2].tolist() == [0] * 3
    assert tuple(left[-1, 0]) == LABEL_COLOURS[1]
    assert tuple(right[-1, 0]) == LABEL_COLOURS[0]
    assert tuple(pixels(draw_thumbnail(picture, None, None))[-1, 0]) == UNLABELLED


def test_list_pictures_are_of_each_patients_first_prepared_image(tmp_path):
    for name, value in (("a", 10), ("b", 20), ("c", 30)):
        Image.fromarray(np.full((128, 128), value, np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "e.png").write_bytes(b"no PNG")
    images = pd.DataFrame({"patient_id": ["1", "1", "1", "2", "3"], "image_id": list("xabce"), "laterality": "R"})
    prepared = {name: tmp_path / f"{name}.png" for name in "abe"}
    pictures = list_pictures(images, prepared, ThumbnailCache())
    assert list(pictures) == ["1"]  # 2 isn't prepared, and the picture of 3 is damaged
    start, _, code = pictures["1"].partition(",")
    assert start == "data:image/png;base64"
    picture = pixels(base64.b64decode(code))
    assert picture.shape[:2] == (LIST_SIDE, LIST_SIDE)
    assert (picture == 10).all()


def test_make_thumbnails_takes_the_prepared_image_before_the_file(tmp_path):
    Image.fromarray(np.full((64, 64), 77, np.uint8)).save(tmp_path / "a.png")
    images = pd.DataFrame(
        {"image_id": ["a", "b"], "laterality": "L", "cancer": [1, None], "file": [str(tmp_path / "no file"), None]}
    )
    cache = ThumbnailCache()
    with Sandbox() as sandbox:
        first, second = make_thumbnails(images, {"a": tmp_path / "a.png"}, sandbox, cache)
    assert pixels(first)[0, 0].tolist() == [77] * 3
    assert second == "File missing."
    assert len(cache.pictures) == 1


@pytest.mark.slow
def test_make_thumbnails_decodes_files_and_names_what_is_wrong(phantoms, tmp_path):
    (tmp_path / "broken.dcm").write_bytes(b"nothing")
    images = read_catalogue(phantoms).table.query("file.notna()").head(2).copy()
    images.iloc[1, images.columns.get_loc("file")] = str(tmp_path / "broken.dcm")
    with Sandbox() as sandbox:
        first, second = make_thumbnails(images, {}, sandbox, ThumbnailCache())
    assert pixels(first).shape == (SIDE + 6, SIDE, 3)
    assert second.startswith("This isn't a DICOM file.")


def test_thumbnail_cache_forgets_the_oldest():
    cache = ThumbnailCache(2)
    for key in "abc":
        cache.add(key, key)
    assert list(cache.pictures) == ["b", "c"]


def test_label_colours_are_those_of_the_figures():
    figures = {label: ImageColor.getrgb(COLOURS[name]) for label, name in ((1, "positive"), (0, "negative"))}
    assert figures == LABEL_COLOURS
