import json

import numpy as np
import pytest

from builders.breasts import mammogram, picture
from builders.geometry import geometry
from mammo_core.documents.geometry import Geometry
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.preprocess.geometry import Raster, crop_raster, to_source
from mammo_core.preprocess.prepare import prepare

FULL_FRAME = geometry((8, 8), (4, 4))


def test_raster_averages_are_exact():
    pixels = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert Raster(0, 0, 2, 2, 2).average(pixels, 1).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert Raster(1, 1, 2, 1, 1).average(pixels, 1).tolist() == [[7.5]]
    assert Raster(0, 0.5, 1, 1, 2).average(pixels, 1).tolist() == [[0.5, 1.5]]
    assert Raster(0, 0, 0.5, 1, 4).average(pixels, 1).tolist() == [[0, 0, 1, 1]]


def test_raster_averages_a_reduced_source_in_source_pixels():
    pixels = np.array([[10.0, 20.0], [30.0, 40.0]], np.float32)
    assert Raster(0, 0, 2, 2, 2).average(pixels, 2).tolist() == [[10, 20], [30, 40]]
    assert Raster(0, 0, 4, 1, 1).average(pixels, 2).tolist() == [[25]]


def test_raster_averages_a_shifted_source():
    pixels = np.array([[0.0, 10.0, 20.0, 30.0]], np.float32)
    shifted = Raster(0, 0, 2, 1, 3).average(pixels, 2, 0.5)  # pixel j covers the source from 2j - 0.5 on
    assert shifted.tolist() == [[2.5, 12.5, 22.5]]


def test_raster_outside_the_source_is_0_without_dimming_the_edge():
    pixels = np.full((2, 2), 8, np.float32)
    assert Raster(-2, 0, 2, 3, 2).average(pixels, 1).tolist() == [[0, 0], [8, 0], [0, 0]]
    assert Raster(0, 0, 3, 1, 1).average(pixels, 1).tolist() == [[8]]


def test_geometry_json_round_trip():
    geometry = prepare(mammogram(picture()), PreprocessingConfig(size=64)).geometry
    assert Geometry.model_validate_json(json.dumps(geometry.to_json())) == geometry


def test_to_source_enlarges_a_whole_frame_map():
    cam = np.zeros((4, 4), np.float32)
    cam[0, 3] = 1
    result = to_source(cam, FULL_FRAME, 8, 8)
    assert result.shape == (8, 8)
    assert np.unravel_index(result.argmax(), result.shape) == (0, 7)
    assert result[4:].max() == 0
    assert result[:, :4].max() == 0


def test_to_source_flips_the_map_back():
    cam = np.zeros((4, 4), np.float32)
    cam[0, 3] = 1
    flipped = geometry((8, 8), (4, 4), flipped=True)
    assert np.array_equal(to_source(cam, flipped, 8, 8), to_source(cam, FULL_FRAME, 8, 8)[:, ::-1])


def test_to_source_is_0_outside_the_crop():
    crop = geometry((100, 80), (64, 32), (20, 0, 60, 20))
    result = to_source(np.full((16, 16), 0.7, np.float32), crop, 50, 40)
    assert result[10:30, :10] == pytest.approx(0.7)
    result[10:30, :10] = 0
    assert not result.any()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(200, 150), (120, 240)])
@pytest.mark.parametrize("shown", [1, 2], ids=["full", "half"])
@pytest.mark.parametrize("size", [64, (96, 64), (64, 128)], ids=["square", "high", "wide"])
def test_to_source_maps_a_model_input_spot_back_to_its_source(flip, rows, columns, shown, size):
    pixels = picture(rows, columns)
    row, column = rows // 2 + 30, columns // 5
    pixels[row - 3 : row + 4, column - 3 : column + 4] = 9000
    if flip:
        pixels, column = pixels[:, ::-1], columns - 1 - column
    prepared = prepare(mammogram(pixels), PreprocessingConfig(size=size))
    assert prepared.geometry.flipped == flip
    back = to_source(prepared.image.astype(np.float32) / 255, prepared.geometry, rows // shown, columns // shown)
    hottest = np.argwhere(back > 0.98 * back.max()).mean(axis=0) * shown
    assert hottest == pytest.approx([row, column], abs=3)


@pytest.mark.parametrize("size", [64, (96, 64), (64, 128)], ids=["square", "high", "wide"])
@pytest.mark.parametrize("flip", [False, True])
def test_geometry_raster_reproduces_the_model_input(flip, size):
    pixels = picture()[:, ::-1] if flip else picture()
    prepared = prepare(mammogram(pixels), PreprocessingConfig(size=size))
    averages = crop_raster(prepared.geometry).average(pixels, 1)
    oriented = averages[:, ::-1] if flip else averages
    inside = prepared.image > 30
    assert np.corrcoef(oriented[inside], prepared.image[inside])[0, 1] > 0.99


def test_crop_raster_of_a_rectangle_keeps_the_aspect_ratio_and_the_chest_wall():
    crop = {"source_rows": 60, "source_columns": 50, "top": 10, "bottom": 50, "left": 0, "right": 10}
    high = FULL_FRAME.model_copy(update={**crop, "input_rows": 8, "input_columns": 4})  # its height decides
    assert crop_raster(high) == Raster(10, 0, 5, 8, 4)
    assert crop_raster(high.model_copy(update={"flipped": True})) == Raster(10, -10, 5, 8, 4)
    wide = high.model_copy(update={"right": 40})  # its width decides
    assert crop_raster(wide) == Raster(-10, 0, 10, 8, 4)
    assert crop_raster(wide.model_copy(update={"flipped": True})) == Raster(-10, 0, 10, 8, 4)
