import numpy as np

from builders.dicom import build_dicom, build_lookup_table
from mammo_core.dicom.read import read

RAMP = np.array([[0, 100, 200, 300], [400, 500, 600, 4095]], np.uint16)


def test_modality_rescale_slope_and_intercept_are_applied():
    assert np.array_equal(read(build_dicom(RAMP, RescaleSlope=2, RescaleIntercept=-5)).pixels, RAMP * 2.0 - 5)


def test_modality_lut_maps_values_beyond_its_ends_to_its_first_and_last_entry():
    mammogram = read(build_dicom(RAMP, ModalityLUTSequence=[build_lookup_table([10, 20, 30], 100)]))
    assert mammogram.pixels.tolist() == [[10, 10, 30, 30], [30, 30, 30, 30]]


def test_monochrome1_is_inverted():
    mammogram = read(build_dicom(RAMP, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(mammogram.pixels, 4095.0 - RAMP)
    assert mammogram.inversion_sum == 4095
    falling = read(build_dicom(RAMP, PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=-5))
    assert np.array_equal(falling.pixels, (2 * 4095 - 10) - (RAMP * 2.0 - 5))
