import numpy as np
import pytest
from pydicom import uid
from pydicom.dataelem import DataElement

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.read import read

RAMP = np.array([[0, 100, 200, 300], [400, 500, 600, 4095]], np.uint16)

MAX_STEP = 4 / 255  # as the preprocessing asks for


def test_padding_becomes_the_darkest_other_value():
    stored = np.array([[3044, 200, 300], [3044, 250, 5]], np.uint16)
    assert read(build_dicom(stored, PixelPaddingValue=3044)).pixels.tolist() == [[5, 200, 300], [5, 250, 5]]
    inverted = read(build_dicom(stored, PixelPaddingValue=3044, PhotometricInterpretation="MONOCHROME1"))
    assert inverted.pixels.tolist() == [[4095 - 300, 4095 - 200, 4095 - 300], [4095 - 300, 4095 - 250, 4095 - 5]]


def test_padding_range_limit():
    stored = np.array([[0, 1, 2], [3, 40, 50]], np.uint16)
    mammogram = read(build_dicom(stored, PixelPaddingValue=0, PixelPaddingRangeLimit=3))
    assert mammogram.pixels.tolist() == [[40, 40, 40], [40, 40, 50]]


def test_padding_of_all_or_no_pixels_changes_nothing():
    assert np.array_equal(read(build_dicom(RAMP, PixelPaddingValue=77)).pixels, RAMP)
    assert read(build_dicom(np.full((4, 4), 9, np.uint16), PixelPaddingValue=9)).pixels.tolist() == [[9.0] * 4] * 4


def test_padding_value_of_the_wrong_sign():
    stored = np.array([[-2000, 5], [7, 9]], np.int16)
    padding = DataElement("PixelPaddingValue", "US", 63536)
    assert read(build_dicom(stored, bits=16, PixelPaddingValue=padding)).pixels.tolist() == [[5, 5], [7, 9]]


def padded(rows: int, columns: int, air: int) -> np.ndarray:
    """A breast in air, beside which the detector's image is filled up with 0."""
    pixels = np.maximum(breast(rows, columns), air).astype(np.uint16)
    pixels[:, -columns // 5 :] = 0
    return pixels


@pytest.mark.parametrize("air", [0, 600])
def test_padding_as_dark_as_air_allows_reduction(air):
    pixels = padded(512, 384, air)
    mammogram = read(build_dicom(pixels, uid.JPEG2000Lossless, PixelPaddingValue=0), 100, max_step=MAX_STEP)
    assert (mammogram.reduction, mammogram.shift > 0) == (1, True)
    full = read(build_dicom(pixels, uid.JPEG2000Lossless, PixelPaddingValue=0))
    assert set(np.unique(full.pixels[:, -20:])) == {air or pixels[pixels > 0].min()}
    difference = np.abs(mammogram.pixels[:, 60:] - full.pixels[::2, 120::2])
    assert np.percentile(difference, 98) < 100  # of 4095: a low-pass swings about every edge
    assert mammogram.pixels[:, -60:].min() >= air - 100


def test_padding_at_the_dark_end_of_monochrome1_allows_reduction():
    pixels = (4095 - padded(512, 384, 0)).astype(np.uint16)
    elements = {"PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": 4095}
    mammogram = read(build_dicom(pixels, uid.JPEG2000Lossless, **elements), 100, max_step=MAX_STEP)
    assert mammogram.shift > 0
    assert (
        np.percentile(
            np.abs(mammogram.pixels - read(build_dicom(pixels, **elements), 100, max_step=MAX_STEP).pixels), 95
        )
        < 60
    )
