import numpy as np
import pytest

from builders.breasts import breast
from builders.dicom import build_dicom, build_lookup_table
from mammo_core.dicom.display import display
from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.read import read
from mammo_core.dicom.voi import Window

RAMP = np.array([[0, 100, 200, 300], [400, 500, 600, 4095]], np.uint16)


def test_voi_first_of_several_windows_is_the_default():
    tables = [build_lookup_table([0, 65535], 299)]
    mammogram = read(build_dicom(RAMP, WindowCenter=[300, 2000], WindowWidth=[600, 4000], VOILUTSequence=tables))
    first, second, third = mammogram.windows
    assert (first, second) == (Window(300, 600), Window(2000, 4000))
    assert isinstance(third, LookupTable)
    assert np.array_equal(display(mammogram), display(mammogram, first))
    assert display(mammogram, third).tolist() == [[0, 0, 0, 255], [255, 255, 255, 255]]
    assert not np.array_equal(display(mammogram), display(mammogram, second))


@pytest.mark.parametrize("window", [("2048", "4096"), ("-500", "100")])
def test_voi_window_that_hides_the_breast_is_not_the_default(window):
    values = (breast() >> 4).astype(np.uint8)  # converted to 8 bits, the window wasn't
    centre, width = window
    with_window = read(build_dicom(values, bits=8, WindowCenter=centre, WindowWidth=width))
    without = read(build_dicom(values, bits=8))
    assert np.array_equal(display(with_window), display(without))
    assert not np.array_equal(display(with_window, window=with_window.windows[0]), display(without))


def test_monochrome1_voi_windows_refer_to_stored_values():
    plain = read(build_dicom(RAMP, WindowCenter=300, WindowWidth=600))
    inverted = read(build_dicom(RAMP, PhotometricInterpretation="MONOCHROME1", WindowCenter=300, WindowWidth=600))
    assert np.array_equal(display(inverted), 255 - display(plain))


def test_display_without_window_spans_the_breast():
    mammogram = read(build_dicom(breast()))
    shown = display(mammogram)
    assert (shown.dtype, shown.min(), shown.max()) == (np.uint8, 0, 255)
    assert (shown[breast() == 0] == 0).all()


def test_display_of_a_blank_image():
    mammogram = read(build_dicom(np.full((32, 24), 7, np.uint16)))
    assert mammogram.pixels.tolist() == [[7.0] * 24] * 32
    assert display(mammogram).max() in (0, 255)
