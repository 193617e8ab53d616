import numpy as np
import pytest
from pydicom import uid
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from builders.breasts import breast
from builders.dicom import LOSSLESS, build_dicom
from mammo_core.dicom import LookupTable, Window, display, grey, read
from mammo_core.errors import ImageError

RAMP = np.array([[0, 100, 200, 300], [400, 500, 600, 4095]], np.uint16)

MAX_STEP = 4 / 255  # as the preprocessing asks for


def table(entries: list[int], first: int = 0, bits: int = 16) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.array(entries, "<u2").tobytes())
    return item


def test_voi_linear_window():
    shown = Window(2048.0, 4096.0).apply(np.array([0, 2047.5, 4095, 5000], np.float32))
    assert shown.tolist() == [0.0, 0.5, 1.0, 1.0]  # PS3.3 C.11.2.1.2.1: (x - (c - 0.5)) / (w - 1) + 0.5


def test_voi_linear_exact_window():
    shown = Window(100.0, 200.0, "LINEAR_EXACT").apply(np.array([0, 50, 100, 200, 300], np.float32))
    assert shown.tolist() == [0.0, 0.25, 0.5, 1.0, 1.0]


def test_voi_sigmoid_window():
    shown = Window(100.0, 40.0, "SIGMOID").apply(np.array([-1e9, 60, 100, 140, 1e9], np.float32))
    expected = [0, 1 / (1 + np.exp(4)), 0.5, 1 / (1 + np.exp(-4)), 1]
    assert np.allclose(shown, expected, atol=1e-6)


def test_voi_window_of_width_1_is_a_step():
    assert Window(100.0, 1.0).apply(np.array([99, 99.5, 100], np.float32)).tolist() == [0, 0, 1]


def test_lut_clamps_to_its_first_and_last_entry():
    found = LookupTable(10, np.array([0, 100, 255], np.float32), 8)
    assert found.look_up(np.array([0, 10, 11, 12, 99], np.float32)).tolist() == [0, 0, 100, 255, 255]
    assert found.apply(np.array([12], np.float32)).tolist() == [1.0]


def test_voi_first_of_several_windows_is_the_default():
    tables = [table([0, 65535], 299)]
    found = read(build_dicom(RAMP, WindowCenter=[300, 2000], WindowWidth=[600, 4000], VOILUTSequence=tables))
    first, second, third = found.windows
    assert (first, second) == (Window(300, 600), Window(2000, 4000))
    assert isinstance(third, LookupTable)
    assert np.array_equal(display(found), display(found, first))
    assert display(found, third).tolist() == [[0, 0, 0, 255], [255, 255, 255, 255]]
    assert not np.array_equal(display(found), display(found, second))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_voi_lut_function_is_read_from_the_file(function):
    found = read(build_dicom(RAMP, WindowCenter=300, WindowWidth=600, VOILUTFunction=function))
    assert found.windows == (Window(300, 600, function),)


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
    (found,) = read(build_dicom(RAMP, VOILUTSequence=[item])).windows
    assert isinstance(found, LookupTable)
    assert found.entries.tolist() == [7, 8, 9]


def test_lut_too_short_raises_for_modality_and_is_ignored_for_voi():
    item = table([1, 2, 3])
    item.add_new("LUTDescriptor", "US", [40, 0, 16])
    with pytest.raises(ImageError, match="descriptor"):
        read(build_dicom(RAMP, ModalityLUTSequence=[item]))
    assert read(build_dicom(RAMP, VOILUTSequence=[item, Dataset()])).windows == ()


def test_voi_non_numeric_window_is_ignored():
    file = build_dicom(RAMP, WindowCenter="300", WindowWidth="600")
    broken = file.replace(b"DS\x04\x00300 ", b"DS\x04\x003,00")
    assert broken != file
    found = read(broken)
    assert found.windows == ()
    assert "WindowCenter" not in found.tags
    assert np.array_equal(found.pixels, RAMP)


def test_voi_first_of_several_lut_functions_is_used():
    (window,) = read(
        build_dicom(RAMP, WindowCenter="300", WindowWidth="600", VOILUTFunction=["SIGMOID", "LINEAR"])
    ).windows
    assert window.function == "SIGMOID"


@pytest.mark.parametrize("window", [("2048", "4096"), ("-500", "100")])
def test_voi_window_that_hides_the_breast_is_not_the_default(window):
    values = (breast() >> 4).astype(np.uint8)  # converted to 8 bits, the window wasn't
    centre, width = window
    with_window = read(build_dicom(values, bits=8, WindowCenter=centre, WindowWidth=width))
    without = read(build_dicom(values, bits=8))
    assert np.array_equal(display(with_window), display(without))
    assert not np.array_equal(display(with_window, window=with_window.windows[0]), display(without))


def test_modality_rescale():
    assert np.array_equal(read(build_dicom(RAMP, RescaleSlope=2, RescaleIntercept=-5)).pixels, RAMP * 2.0 - 5)


def test_modality_lut():
    found = read(build_dicom(RAMP, ModalityLUTSequence=[table([10, 20, 30], 100)]))
    assert found.pixels.tolist() == [[10, 10, 30, 30], [30, 30, 30, 30]]


def test_monochrome1_is_inverted():
    found = read(build_dicom(RAMP, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(found.pixels, 4095.0 - RAMP)
    assert found.inversion_sum == 4095
    falling = read(build_dicom(RAMP, PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=-5))
    assert np.array_equal(falling.pixels, (2 * 4095 - 10) - (RAMP * 2.0 - 5))


def test_monochrome1_voi_windows_refer_to_stored_values():
    plain = read(build_dicom(RAMP, WindowCenter=300, WindowWidth=600))
    turned = read(build_dicom(RAMP, PhotometricInterpretation="MONOCHROME1", WindowCenter=300, WindowWidth=600))
    assert np.array_equal(display(turned), 255 - display(plain))


def test_padding_becomes_the_darkest_other_value():
    stored = np.array([[3044, 200, 300], [3044, 250, 5]], np.uint16)
    assert read(build_dicom(stored, PixelPaddingValue=3044)).pixels.tolist() == [[5, 200, 300], [5, 250, 5]]
    inverted = read(build_dicom(stored, PixelPaddingValue=3044, PhotometricInterpretation="MONOCHROME1"))
    assert inverted.pixels.tolist() == [[4095 - 300, 4095 - 200, 4095 - 300], [4095 - 300, 4095 - 250, 4095 - 5]]


def test_padding_range_limit():
    stored = np.array([[0, 1, 2], [3, 40, 50]], np.uint16)
    found = read(build_dicom(stored, PixelPaddingValue=0, PixelPaddingRangeLimit=3))
    assert found.pixels.tolist() == [[40, 40, 40], [40, 40, 50]]


def test_padding_of_all_or_no_pixels_changes_nothing():
    assert np.array_equal(read(build_dicom(RAMP, PixelPaddingValue=77)).pixels, RAMP)
    assert read(build_dicom(np.full((4, 4), 9, np.uint16), PixelPaddingValue=9)).pixels.tolist() == [[9.0] * 4] * 4


def test_padding_value_of_the_wrong_sign():
    stored = np.array([[-2000, 5], [7, 9]], np.int16)
    padding = DataElement("PixelPaddingValue", "US", 63536)
    assert read(build_dicom(stored, bits=16, PixelPaddingValue=padding)).pixels.tolist() == [[5, 5], [7, 9]]


def test_signed_pixels():
    stored = np.array([[-2048, -1], [0, 2047]], np.int16)
    assert read(build_dicom(stored)).pixels.tolist() == stored.tolist()
    turned = read(build_dicom(stored, PhotometricInterpretation="MONOCHROME1"))
    assert turned.pixels.tolist() == [[2047, 0], [-1, -2048]]


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.RLELossless])
def test_signed_pixels_in_an_unsigned_stream(syntax):
    stored = np.array([[-2048, -1, 5], [0, 2047, 7], [1, 2, 3]], np.int16).repeat(8, 0).repeat(8, 1)
    bits = 16 if syntax in (uid.RLELossless, uid.JPEGLSLossless) else 12
    stream_values = (stored.astype(np.int32) & ((1 << bits) - 1)).astype(np.uint16)
    data = build_dicom(stream_values, syntax, bits=bits, PixelRepresentation=1)
    assert np.array_equal(read(data).pixels, stored)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, *LOSSLESS])
def test_values_beyond_bits_stored_are_kept_with_a_note(syntax):
    stored = breast()
    stored[40, 10] = 5000
    encoded = build_dicom(stored, syntax, bits=16)  # the streams hold 16 bits
    found = read(encoded.replace(bits_element(16), bits_element(12)).replace(high_element(15), high_element(11)))
    assert np.array_equal(found.pixels, stored)
    assert found.notes == ("Some values exceed the 12 bits that the header announces; they were kept.",)


def bits_element(bits: int) -> bytes:
    return b"\x28\0\x01\x01US\x02\0" + bytes([bits, 0])


def high_element(high: int) -> bytes:
    return b"\x28\0\x02\x01US\x02\0" + bytes([high, 0])


@pytest.mark.parametrize("bits", range(8, 17))
def test_bit_depths_8_to_16(bits):
    stored = np.array([[0, 1], [2 ** (bits - 1), 2**bits - 1]], np.uint16)
    assert np.array_equal(read(build_dicom(stored, bits=bits)).pixels, stored)
    assert read(build_dicom(stored, bits=bits, PhotometricInterpretation="MONOCHROME1")).pixels[1, 1] == 0


def test_allocated_8_and_32_bits():
    assert read(build_dicom(np.array([[0, 255]], np.uint8), bits=8)).pixels.tolist() == [[0, 255]]
    assert read(build_dicom(np.array([[0, 70_000]], np.uint32), bits=32)).pixels.tolist() == [[0, 70_000]]


def test_high_bit_is_shifted_down():
    stored = np.array([[0x1230, 0xFFF0]], np.uint16)
    assert read(build_dicom(stored, HighBit=15)).pixels.tolist() == [[0x123, 0xFFF]]
    signed = np.array([[0xFFF0, 0x7FF0]], np.uint16)
    assert read(build_dicom(signed, HighBit=15, PixelRepresentation=1)).pixels.tolist() == [[-1, 2047]]


def test_overlay_in_unused_bits_is_removed():
    stored = np.array([[0x8123, 0x0456]], np.uint16)
    assert read(build_dicom(stored)).pixels.tolist() == [[0x8123, 0x0456]]  # nobody claims the bit
    overlay = DataElement(0x60000102, "US", 15)
    assert read(build_dicom(stored, Overlay=overlay)).pixels.tolist() == [[0x123, 0x456]]


def test_shrink_averages_blocks():
    values = np.arange(20, dtype=np.uint16).reshape(4, 5)
    assert grey.shrink(values, 1).tolist() == [[3.0, 5.0, 6.5], [13.0, 15.0, 16.5]]
    assert np.array_equal(grey.shrink(values, 0), values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.int32, np.float32])
def test_shrink_does_not_overflow(dtype):
    top = 65535.0 if dtype == np.float32 else min(np.iinfo(dtype).max, 2**24)
    assert set(np.unique(grey.shrink(np.full((32, 32), top, dtype), 4))) == {top}


def test_display_without_window_spans_the_breast():
    found = read(build_dicom(breast()))
    shown = display(found)
    assert (shown.dtype, shown.min(), shown.max()) == (np.uint8, 0, 255)
    assert (shown[breast() == 0] == 0).all()


def test_display_of_a_blank_image():
    found = read(build_dicom(np.full((32, 24), 7, np.uint16)))
    assert found.pixels.tolist() == [[7.0] * 24] * 32
    assert display(found).max() in (0, 255)


def padded(rows: int, columns: int, air: int) -> np.ndarray:
    """A breast in air, beside which the detector's image is filled up with 0."""
    pixels = np.maximum(breast(rows, columns), air).astype(np.uint16)
    pixels[:, -columns // 5 :] = 0
    return pixels


@pytest.mark.parametrize("air", [0, 600])
def test_padding_as_dark_as_air_allows_reduction(air):
    pixels = padded(512, 384, air)
    found = read(build_dicom(pixels, uid.JPEG2000Lossless, PixelPaddingValue=0), 100, max_step=MAX_STEP)
    assert (found.reduction, found.shift > 0) == (1, True)
    full = read(build_dicom(pixels, uid.JPEG2000Lossless, PixelPaddingValue=0))
    assert set(np.unique(full.pixels[:, -20:])) == {air or pixels[pixels > 0].min()}
    difference = np.abs(found.pixels[:, 60:] - full.pixels[::2, 120::2])
    assert np.percentile(difference, 98) < 100  # of 4095: a low-pass swings about every edge
    assert found.pixels[:, -60:].min() >= air - 100


def test_padding_at_the_dark_end_of_monochrome1_allows_reduction():
    pixels = (4095 - padded(512, 384, 0)).astype(np.uint16)
    elements = {"PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": 4095}
    found = read(build_dicom(pixels, uid.JPEG2000Lossless, **elements), 100, max_step=MAX_STEP)
    assert found.shift > 0
    assert (
        np.percentile(np.abs(found.pixels - read(build_dicom(pixels, **elements), 100, max_step=MAX_STEP).pixels), 95)
        < 60
    )


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
def test_signed_pixels_without_sign_extension(syntax):
    stored = np.array([[0x0FFF, 0x0800], [5, 0x07FF]], np.uint16)
    assert read(build_dicom(stored, syntax, PixelRepresentation=1)).pixels.tolist() == [[-1, -2048], [5, 2047]]


def test_big_endian_words_of_two_8_bit_pixels():
    pixels = np.arange(15, dtype=np.uint8).reshape(3, 5)
    words = np.frombuffer(pixels.tobytes() + b"\0", np.uint16).byteswap().tobytes()
    data = DataElement("PixelData", "OW", words)
    assert np.array_equal(read(build_dicom(pixels, uid.ExplicitVRBigEndian, 8, PixelData=data)).pixels, pixels)


def test_big_endian_lut_data():
    item = Dataset()
    item.LUTDescriptor = [3, 0, 16]
    item.add_new("LUTData", "OW", np.array([10, 20, 30], ">u2").tobytes())
    item.ModalityLUTType = "US"
    stored = np.array([[0, 1], [2, 2]], np.uint16)
    found = read(build_dicom(stored, uid.ExplicitVRBigEndian, ModalityLUTSequence=[item]))
    assert found.pixels.tolist() == [[10, 20], [30, 30]]
