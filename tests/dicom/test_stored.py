import imagecodecs
import numpy as np
import pytest
from pydicom import uid
from pydicom.dataelem import DataElement
from pydicom.encaps import encapsulate

from builders.breasts import breast
from builders.dicom import LOSSLESS, build_dicom
from mammo_core.dicom.read import read


def test_signed_pixels_keep_their_sign_also_when_inverted():
    stored = np.array([[-2048, -1], [0, 2047]], np.int16)
    assert read(build_dicom(stored)).pixels.tolist() == stored.tolist()
    inverted = read(build_dicom(stored, PhotometricInterpretation="MONOCHROME1"))
    assert inverted.pixels.tolist() == [[2047, 0], [-1, -2048]]


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.RLELossless])
def test_signed_pixels_in_an_unsigned_stream(syntax):
    stored = np.array([[-2048, -1, 5], [0, 2047, 7], [1, 2, 3]], np.int16).repeat(8, 0).repeat(8, 1)
    bits = 16 if syntax in (uid.RLELossless, uid.JPEGLSLossless) else 12
    stream_values = (stored.astype(np.int32) & ((1 << bits) - 1)).astype(np.uint16)
    data = build_dicom(stream_values, syntax, bits=bits, PixelRepresentation=1)
    assert np.array_equal(read(data).pixels, stored)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
def test_signed_pixels_without_sign_extension(syntax):
    stored = np.array([[0x0FFF, 0x0800], [5, 0x07FF]], np.uint16)
    assert read(build_dicom(stored, syntax, PixelRepresentation=1)).pixels.tolist() == [[-1, -2048], [5, 2047]]


CELLS = [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless]
UNUSED = "Some pixels have bits above the High Bit; they mean nothing and were left out."


@pytest.mark.parametrize("syntax", CELLS)
def test_sign_repeated_in_some_pixels_only(syntax):
    stored = np.array([[0xFFFF, 0x0FFF, 0xF800], [0x0800, 5, 0x07FF]], np.uint16)
    mammogram = read(build_dicom(stored, syntax, PixelRepresentation=1))
    assert mammogram.pixels.tolist() == [[-1, -1, -2048], [-2048, 5, 2047]]
    assert mammogram.notes == (UNUSED,)


def test_repeated_signs_give_no_note():
    assert read(build_dicom(np.array([[-1, -2048, 5]], np.int16))).notes == ()


@pytest.mark.parametrize("syntax", CELLS)
def test_bits_above_the_high_bit_mean_nothing(syntax):
    stored = np.array([[0xF123, 0x0456]], np.uint16).repeat(8, 0)
    mammogram = read(build_dicom(stored, syntax))
    assert mammogram.pixels[0].tolist() == [0x123, 0x456]
    assert mammogram.notes == (UNUSED,)


def test_padding_with_unused_bits_is_still_padding():
    stored = np.array([[0xF800, 0x0100], [0x0005, 0x0200]], np.uint16)
    mammogram = read(
        build_dicom(stored, PixelRepresentation=1, PixelPaddingValue=DataElement(0x00280120, "US", 0xF800))
    )
    assert mammogram.pixels.tolist() == [[5, 0x100], [5, 0x200]]


def test_signed_jpeg2000_is_signed_although_the_header_says_unsigned():
    stored = np.array([[-1000, -1], [0, 2047]], np.int16).repeat(16, 0).repeat(16, 1)
    stream = bytes(
        imagecodecs.jpeg2k_encode(stored, codecformat="j2k", reversible=True, bitspersample=12, resolutions=2)
    )
    data = build_dicom(stored.astype(np.uint16), uid.JPEG2000Lossless, PixelData=encapsulate([stream]))
    mammogram = read(data)
    assert np.array_equal(mammogram.pixels, stored)
    assert mammogram.notes == (
        "The header calls the pixels unsigned, the compressed image signed; they were taken as signed.",
    )


@pytest.mark.parametrize("syntax", [syntax for syntax in LOSSLESS if syntax != uid.RLELossless])
def test_values_beyond_bits_stored_in_a_stream_are_kept_with_a_note(syntax):
    stored = breast()
    stored[40, 10] = 5000
    encoded = build_dicom(stored, syntax, bits=16)  # the streams hold 16 bits
    mammogram = read(encoded.replace(bits_element(16), bits_element(12)).replace(high_element(15), high_element(11)))
    assert np.array_equal(mammogram.pixels, stored)
    assert mammogram.notes == ("Some values exceed the 12 bits that the header announces; they were kept.",)


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
    mammogram = read(build_dicom(stored, Overlay=DataElement(0x60000102, "US", 15)))
    assert mammogram.pixels.tolist() == [[0x123, 0x456]]
    assert mammogram.notes == ()


def test_big_endian_words_of_two_8_bit_pixels():
    pixels = np.arange(15, dtype=np.uint8).reshape(3, 5)
    words = np.frombuffer(pixels.tobytes() + b"\0", np.uint16).byteswap().tobytes()
    data = DataElement("PixelData", "OW", words)
    assert np.array_equal(read(build_dicom(pixels, uid.ExplicitVRBigEndian, 8, PixelData=data)).pixels, pixels)
