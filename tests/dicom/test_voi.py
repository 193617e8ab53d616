import numpy as np
import pytest
from pydicom.dataset import Dataset

from builders.dicom import build_dicom
from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.read import read
from mammo_core.dicom.voi import Window, apply_voi_lut

RAMP = np.array([[0, 100, 200, 300], [400, 500, 600, 4095]], np.uint16)


@pytest.mark.parametrize(
    ("values", "window", "shown"),
    [
        # PS3.3 C.11.2.1.2.1: (x - (c - 0.5)) / (w - 1) + 0.5
        ([0, 2047.5, 4095, 5000], Window(2048.0, 4096.0), [0.0, 0.5, 1.0, 1.0]),
        ([0, 50, 100, 200, 300], Window(100.0, 200.0, "LINEAR_EXACT"), [0.0, 0.25, 0.5, 1.0, 1.0]),
        ([99, 99.5, 100], Window(100.0, 1.0), [0.0, 0.0, 1.0]),  # a width of 1 is a step
    ],
    ids=["linear", "linear exact", "step"],
)
def test_voi_window_gives_exact_grey_levels(values, window, shown):
    assert apply_voi_lut(np.array(values, np.float32), window).tolist() == shown


def test_voi_sigmoid_window():
    shown = apply_voi_lut(np.array([-1e9, 60, 100, 140, 1e9], np.float32), Window(100.0, 40.0, "SIGMOID"))
    expected = [0, 1 / (1 + np.exp(4)), 0.5, 1 / (1 + np.exp(-4)), 1]
    assert np.allclose(shown, expected, atol=1e-6)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_voi_lut_function_is_read_from_the_file(function):
    mammogram = read(build_dicom(RAMP, WindowCenter=300, WindowWidth=600, VOILUTFunction=function))
    assert mammogram.windows == (Window(300, 600, function),)


def test_voi_unusable_windows_are_ignored():
    assert read(build_dicom(RAMP, WindowCenter=[300, 200], WindowWidth=[0, 100])).windows == (Window(200, 100),)
    assert read(build_dicom(RAMP, WindowCenter=300)).windows == ()
    assert read(build_dicom(RAMP, WindowCenter=300, WindowWidth=600, VOILUTFunction="ODD")).windows == (
        Window(300, 600),
    )


def test_voi_lut_with_8_bit_entries():
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [3, 0, 8])
    item.add_new("LUTData", "OW", bytes([7, 8, 9, 0]))
    (mammogram,) = read(build_dicom(RAMP, VOILUTSequence=[item])).windows
    assert isinstance(mammogram, LookupTable)
    assert mammogram.entries.tolist() == [7, 8, 9]


def test_voi_non_numeric_window_is_ignored():
    file = build_dicom(RAMP, WindowCenter="300", WindowWidth="600")
    broken = file.replace(b"DS\x04\x00300 ", b"DS\x04\x003,00")
    assert broken != file
    mammogram = read(broken)
    assert mammogram.windows == ()
    assert "WindowCenter" not in mammogram.tags
    assert np.array_equal(mammogram.pixels, RAMP)


def test_voi_first_of_several_lut_functions_is_used():
    (window,) = read(
        build_dicom(RAMP, WindowCenter="300", WindowWidth="600", VOILUTFunction=["SIGMOID", "LINEAR"])
    ).windows
    assert window.function == "SIGMOID"
