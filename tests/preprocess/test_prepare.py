import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from builders.breasts import COLUMNS, ROWS, mammogram, picture
from mammo_core.dicom.read import read
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.phantoms.marks import draw_label
from mammo_core.preprocess.geometry import crop_raster
from mammo_core.preprocess.prepare import (
    DECODER_STEP,
    locate_breast,
    prepare,
    prepare_source,
    read_and_prepare,
    to_tensor,
)

CONFIG = PreprocessingConfig(size=64)
HEADER = Header(patient="7", image="70", laterality="L", view="CC")


def stored(rows: int = 400, columns: int = 300) -> np.ndarray:
    return np.round(picture(rows, columns)).astype(np.uint16)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_model_input_shape_dtype_and_range():
    image = prepare(mammogram(picture()), CONFIG).image
    assert (image.shape, image.dtype) == ((64, 64), np.uint8)
    assert image.min() == 0
    assert image.max() == 255


def test_model_input_background_is_0_and_breast_is_not():
    prepared = prepare(mammogram(picture() + 120), CONFIG)
    breast = crop_raster(prepared.geometry).average(picture() > 0, 1)
    assert (prepared.image[breast == 0] == 0).all()
    assert (prepared.image[breast > 0.999] >= round(0.05 * 255)).all()
    assert 0.2 < np.mean(prepared.image == 0) < 0.8


def test_side_beside_the_breast_is_read():
    plain = picture(800, 600)
    marked = plain.copy()
    draw_label(marked, "R-MLO", False, np.random.default_rng(1))
    read = [prepare(mammogram(pixels), CONFIG).side_marker for pixels in (plain, marked, marked[:, ::-1])]
    assert read == ["illegible", "R", "mirrored R"]


def test_model_input_keeps_the_aspect_ratio():
    geometry = prepare(mammogram(picture()), CONFIG).geometry
    height, width = geometry.bottom - geometry.top, geometry.right - geometry.left
    assert geometry.content_rows == 64
    assert geometry.content_columns == pytest.approx(64 * width / height)
    assert height / width == pytest.approx(160 / 90, abs=0.05)
    assert (geometry.offset_row, geometry.offset_column) == (0, 0)


def test_model_input_centres_a_wide_breast_vertically():
    geometry = prepare(mammogram(picture(100, 300, 0.3, 0.9)), CONFIG).geometry
    assert geometry.content_columns == 64
    assert geometry.offset_row == pytest.approx((64 - geometry.content_rows) / 2)
    assert geometry.offset_row > 10


def test_model_input_rectangle_is_filled_and_keeps_the_aspect_ratio():
    prepared = prepare(mammogram(picture()), PreprocessingConfig(size=(128, 64)))
    geometry, image = prepared.geometry, prepared.image
    height, width = geometry.bottom - geometry.top, geometry.right - geometry.left
    assert (image.shape, geometry.input_shape) == ((128, 64), (128, 64))
    assert height / width == pytest.approx(160 / 90, abs=0.05)  # narrower than 2 : 1, so its width decides
    assert geometry.content_columns == pytest.approx(64)
    assert geometry.content_rows == pytest.approx(64 * height / width)
    assert geometry.offset_row == pytest.approx((128 - geometry.content_rows) / 2)
    first, last = round(geometry.offset_row), round(geometry.offset_row + geometry.content_rows)
    assert not image[: first - 1].any()
    assert not image[last + 1 :].any()
    assert image[:, 0].any()


def test_model_input_rectangle_chest_wall_is_left_regardless_of_side():
    config = PreprocessingConfig(size=(64, 96))  # the breast's height decides, and air is left at the right
    left = prepare(mammogram(picture()), config)
    right = prepare(mammogram(picture()[:, ::-1]), config)
    assert (left.geometry.flipped, right.geometry.flipped) == (False, True)
    assert np.abs(left.image.astype(int) - right.image).max() <= 1
    assert left.geometry.content_rows == 64
    assert not left.image[:, round(left.geometry.content_columns) + 1 :].any()


def test_model_input_chest_wall_is_left_regardless_of_laterality():
    left = prepare(mammogram(picture(), laterality="R"), CONFIG)
    right = prepare(mammogram(picture()[:, ::-1], laterality="R"), CONFIG)
    assert (left.geometry.flipped, right.geometry.flipped) == (False, True)
    assert np.abs(left.image.astype(int) - right.image).max() <= 1


@pytest.mark.parametrize(("gain", "offset"), [(1, 300), (4, 0), (0.25, 0), (16, 1000)])
def test_model_input_is_invariant_to_gain_and_offset(gain, offset):
    plain = prepare(mammogram(picture()), CONFIG).image
    other = prepare(mammogram(picture() * gain + offset), CONFIG).image
    assert psnr(plain, other) > 45


def test_model_input_ignores_a_few_saturated_pixels():
    pixels = picture()
    pixels[100, 20:24] = 4095
    plain, other = prepare(mammogram(picture()), CONFIG).image, prepare(mammogram(pixels), CONFIG).image
    assert np.median(other[plain > 0]) == pytest.approx(np.median(plain[plain > 0]), rel=0.03)


@pytest.mark.parametrize("width", [3, 17, 24, 30])
@pytest.mark.parametrize("side", [None, 64])
def test_model_input_ignores_a_burned_in_border_of_any_width(width, side):
    pixels = stored(800, 600)
    pixels[-width:] = pixels[:, -width:] = 3900
    inside = psnr(
        prepare(read(dicom_bytes(pixels, HEADER), side, max_step=DECODER_STEP), CONFIG).image,
        prepare(read(dicom_bytes(stored(800, 600), HEADER), side, max_step=DECODER_STEP), CONFIG).image,
    )
    assert inside > 40


def burned(pixels: np.ndarray, what: str) -> np.ndarray:
    marked = pixels.copy()
    if what == "marker":
        marked[10:20, 110:140] = 4000
    elif what == "border":
        marked[:4], marked[-4:], marked[:, -4:] = 4000, 4000, 4000
    elif what == "line":
        marked[:, 140] = 4000
    return marked


@pytest.mark.parametrize("what", ["marker", "border", "line"])
def test_model_input_ignores_borders_and_markers(what):
    plain, other = prepare(mammogram(picture()), CONFIG), prepare(mammogram(burned(picture(), what)), CONFIG)
    assert psnr(plain.image, other.image) > 40
    assert other.geometry.to_json() == pytest.approx(plain.geometry.to_json(), abs=0.5)


@pytest.mark.parametrize("inverted", [False, True])
def test_model_input_ignores_monochrome1_and_padding(inverted):
    values = stored()
    plain = prepare_source(dicom_bytes(values, HEADER, "plain"), CONFIG)
    values = 4095 - values if inverted else values
    values[stored() == 0] = 3044  # in the middle of the grey levels
    header = replace(HEADER, inverted=inverted, padding=3044)
    for syntax in ("plain", "jpeg2000", "jpeg_lossless"):
        other = prepare_source(dicom_bytes(values.astype(np.uint16), header, syntax), CONFIG)
        assert psnr(plain.image, other.image) > 25
        assert other.geometry.to_json() == pytest.approx(plain.geometry.to_json(), abs=4)


@pytest.mark.parametrize("syntax", ["plain", "jpeg_lossless", "jpeg2000"])
@pytest.mark.parametrize("rows", [384, 1024])
def test_model_input_from_reduced_decoding_equals_full_decoding(syntax, rows):
    data = dicom_bytes(stored(rows, rows * 3 // 4), HEADER, syntax)
    preprocessing = PreprocessingConfig(size=rows // 4)
    reduced, full = (
        prepare(read(data, preprocessing.size, max_step=DECODER_STEP), preprocessing),
        prepare(read(data), preprocessing),
    )
    assert psnr(reduced.image, full.image) > 45
    assert reduced.geometry.to_json() == pytest.approx(full.geometry.to_json(), abs=1)


@pytest.mark.parametrize("what", ["nothing", "marker", "top and bottom"])
@pytest.mark.parametrize("side", [64, 96])
def test_model_input_quantisation_step_ignores_markers_and_borders(what, side):
    random = np.random.default_rng(0)
    pixels = picture(800, 600) * 0.06  # the tissue has some 150 grey levels
    pixels += (pixels > 0) * random.normal(200, 4, pixels.shape)
    if what == "marker":
        pixels[40:160, 430:580] = 4095
    if what == "top and bottom":
        pixels[:30], pixels[-30:] = 4095, 4095
    data, preprocessing = dicom_bytes(np.round(pixels).astype(np.uint16), HEADER), PreprocessingConfig(size=side)
    assert psnr(prepare_source(data, preprocessing).image, prepare(read(data), preprocessing).image) > 40


@pytest.mark.parametrize("strict", [False, True])
def test_read_and_prepare_second_decoding_is_as_strict_as_the_first(monkeypatch, strict):
    calls = []

    def read_recorded(source, size, *, max_step=None, strict):
        calls.append((max_step, strict))
        return replace(mammogram(picture()), quantisation_step=1e9 if max_step else 0)

    monkeypatch.setattr(sys.modules["mammo_core.preprocess.prepare"], "read", read_recorded)
    read_and_prepare(b"file", CONFIG, strict=strict)
    assert calls == [(DECODER_STEP, strict), (None, strict)]


def test_prepare_source_equals_read_and_prepare(tmp_path):
    data = dicom_bytes(stored(), HEADER)
    (tmp_path / "image.dcm").write_bytes(data)
    expected = prepare(read(data, 64, max_step=DECODER_STEP), CONFIG)
    for source in (data, tmp_path / "image.dcm"):
        prepared = prepare_source(source, CONFIG)
        assert np.array_equal(prepared.image, expected.image)
        assert prepared.geometry == expected.geometry


@pytest.mark.parametrize("size", [64, (128, 96)])
def test_model_input_of_training_equals_prediction(tmp_path, size):
    from mammo_core.dataset.catalogue_image import CatalogueImage
    from mammo_core.dataset.store import Store, parse_geometry
    from mammo_core.dataset.store_png import write_image
    from mammo_core.prediction.decode import decode_image

    data, config = dicom_bytes(stored(), HEADER), PreprocessingConfig(size=size)
    store = Store(tmp_path / "store", config, tmp_path)
    image = CatalogueImage(patient_id="7", image_id="70", cancer=1, file=None)
    entry = write_image(store.folder, image, prepare_source(data, config))
    png = np.asarray(Image.open(store.folder / entry.png))
    decoded = decode_image(data, config, bytes(32))
    assert parse_geometry(entry.geometry) == decoded.geometry
    assert np.array_equal(store.images([entry.png])[0], png)
    assert np.array_equal(to_tensor(png[np.newaxis]), to_tensor(decoded.model_input[np.newaxis]))


def test_to_tensor_scales_to_0_to_1():
    tensor = to_tensor(np.array([[[0, 51], [102, 255]]], np.uint8))
    assert (tensor.shape, tensor.dtype) == ((1, 2, 2, 1), np.float32)
    assert tensor.ravel().tolist() == pytest.approx([0, 0.2, 0.4, 1.0])


@pytest.mark.parametrize("level", [0, 77])
def test_blank_image_raises_image_error(level):
    with pytest.raises(ImageError) as caught:
        prepare(mammogram(np.full((ROWS, COLUMNS), level)), CONFIG)
    assert caught.value.reason == "blank"


def test_binary_mask_raises_image_error():
    row, column = np.mgrid[:1200, :800]
    disc = np.where((row - 600) ** 2 + (column - 300) ** 2 < 200**2, 255, 0)
    with pytest.raises(ImageError, match="a mask, not a mammogram") as caught:
        prepare(mammogram(disc), CONFIG)
    assert caught.value.reason == "not_mammogram"


def test_saturated_implant_is_not_rejected_as_a_mask():
    pixels = picture(800, 600)
    pixels = np.where(pixels > np.percentile(pixels[pixels > 0], 15), 4095, pixels)
    assert prepare(mammogram(pixels), CONFIG).image.any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 500), (500, 1), (3, 7)])
def test_tiny_frame_raises_image_error(shape):
    pixels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    with pytest.raises(ImageError) as caught:
        prepare(mammogram(pixels), CONFIG)
    assert caught.value.reason == "blank"


def test_model_input_is_reproducible():
    one, other = prepare(mammogram(picture()), CONFIG), prepare(mammogram(picture()), CONFIG)
    assert one.image.tobytes() == other.image.tobytes()
    assert one.geometry == other.geometry


def test_locate_breast_gives_the_box_and_side_of_the_model_input():
    for image in (picture(), picture()[:, ::-1]):
        box, chest_right = locate_breast(mammogram(image), CONFIG.skin)
        geometry = prepare(mammogram(image), CONFIG).geometry
        assert box == pytest.approx([geometry.top, geometry.left, geometry.bottom, geometry.right])
        assert chest_right == geometry.flipped
    with pytest.raises(ImageError, match="blank"):
        locate_breast(mammogram(np.zeros((64, 48))), CONFIG.skin)
