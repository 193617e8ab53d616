import io
import struct
from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate, encapsulate_extended

from builders.breasts import breast, breast8
from builders.dicom import LOSSLESS, NATIVE, build_dicom
from mammo_core.dicom.read import read
from mammo_core.errors import ImageError

J2K = uid.JPEG2000Lossless
PADDING = struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 4) + bytes(4)  # Data Set Trailing Padding (FFFC,FFFC)
STACK = np.stack([breast(48, 40) + step for step in range(5)]).astype(np.uint16)


def with_pixel_data(data: bytes, pixel_data: bytes, **elements: object) -> bytes:
    dataset = pydicom.dcmread(BytesIO(data))
    dataset.PixelData = pixel_data
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def refused(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS])
def test_read_multiframe_takes_the_middle_frame(syntax):
    mammogram = read(build_dicom(STACK, syntax))
    assert np.array_equal(mammogram.pixels, STACK[2])
    assert mammogram.notes == ("The file has 5 frames; this is the middle one, number 3.",)


@pytest.mark.parametrize(
    ("pixel_data", "elements"),
    [
        (lambda frames: encapsulate(frames, has_bot=True), {}),
        (lambda frames: encapsulate(frames, has_bot=False), {}),
        (lambda frames: encapsulate(frames, has_bot=True, fragments_per_frame=3), {}),
        (lambda frames: encapsulate(frames, has_bot=False, fragments_per_frame=3), {}),
    ],
    ids=["offsets", "a fragment a frame", "offsets and fragments", "start markers"],
)
@pytest.mark.parametrize("syntax", [J2K, uid.JPEGLosslessSV1])
def test_read_multiframe_encapsulation_variants(syntax, pixel_data, elements):
    encoded = [LOSSLESS[syntax](frame, 12) for frame in STACK]
    assert np.array_equal(read(with_pixel_data(build_dicom(STACK, syntax), pixel_data(encoded))).pixels, STACK[2])


def test_read_multiframe_extended_offset_table():
    data, offsets, lengths = encapsulate_extended([LOSSLESS[J2K](frame, 12) for frame in STACK])
    elements = {"ExtendedOffsetTable": offsets, "ExtendedOffsetTableLengths": lengths}
    assert np.array_equal(read(with_pixel_data(build_dicom(STACK, J2K), data, **elements)).pixels, STACK[2])


@pytest.mark.parametrize("frames", [4, 6])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, J2K])
def test_read_wrong_number_of_frames_raises_image_error(syntax, frames):
    assert refused(build_dicom(STACK, syntax, NumberOfFrames=frames)).reason == "damaged"


def test_read_invalid_frame_offsets_raises_image_error():
    data = bytearray(encapsulate([LOSSLESS[J2K](frame, 12) for frame in STACK]))
    data[12:16] = struct.pack("<I", 2)
    assert "as many frames" in refused(with_pixel_data(build_dicom(STACK, J2K), bytes(data))).message


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_read_too_few_bytes_raises_image_error(syntax):
    assert "fewer" in refused(build_dicom(breast(), syntax, PixelData=breast().tobytes()[:-2])).message


def test_read_ignores_zeros_behind_the_pixels_with_a_note():
    mammogram = read(build_dicom(breast(), PixelData=breast().tobytes() + bytes(65_536)))
    assert np.array_equal(mammogram.pixels, breast())
    assert mammogram.notes == ("65,536 bytes fill up the pixels of the file; they were ignored.",)
    assert "more" in refused(build_dicom(breast(), PixelData=breast().tobytes() + b"\0\1")).message


@pytest.mark.parametrize("fill", [b"\0", b" ", b"\xff"])
def test_read_ignores_any_byte_that_fills_an_odd_length(fill):
    pixels = breast8()[:33, :21]
    mammogram = read(build_dicom(pixels, bits=8, PixelData=pixels.tobytes() + fill))
    assert np.array_equal(mammogram.pixels, pixels)
    assert mammogram.notes == (() if fill == b"\0" else ("1 bytes fill up the pixels of the file; they were ignored.",))


def test_read_end_of_fragments_of_undefined_length_is_noted():
    complete = build_dicom(breast(), J2K)
    end = b"\xfe\xff\xdd\xe0"
    mammogram = read(complete.replace(end + bytes(4), end + b"\xff" * 4))
    assert np.array_equal(mammogram.pixels, breast())
    assert mammogram.notes == ("The end of the image has an undefined length; it was taken as 0.",)


def undefined(tag: int, vr: bytes, contents: bytes) -> bytes:
    """An explicit element of undefined length with one item of undefined length."""
    head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, 0xFFFFFFFF)
    item, ends = (
        struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF),
        struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0),
    )
    return head + item + contents + ends


INNER = struct.pack("<HH2sH", 0x0400, 0x0005, b"US", 2) + b"\1\0"
IMPLICIT_INNER = struct.pack("<HHI", 0x0400, 0x0005, 2) + b"\1\0"
SEQUENCES = {
    "signature": undefined(0xFFFAFFFA, b"SQ", INNER),
    "nested": undefined(0xFFFAFFFA, b"SQ", INNER + undefined(0x04000500, b"SQ", INNER)),
    "private": struct.pack("<HH2sH", 0x7FE1, 0x0010, b"LO", 4) + b"ACME" + undefined(0x7FE11001, b"UN", IMPLICIT_INNER),
}


@pytest.mark.parametrize("tail", SEQUENCES.values(), ids=SEQUENCES)
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, J2K])
def test_read_ignores_sequences_of_undefined_length_behind_the_pixels(syntax, tail):
    mammogram = read(build_dicom(breast(), syntax) + tail)
    assert np.array_equal(mammogram.pixels, breast())
    assert mammogram.notes == ("Sequences of undefined length follow the image; they were ignored.",)
    assert "follows" in refused(build_dicom(breast(), syntax) + tail[:-9]).message


@pytest.mark.parametrize("syntax", [J2K, uid.JPEGLosslessSV1, uid.JPEGLSLossless])
@pytest.mark.parametrize("surplus", [b" ", b"\0stale bytes\xff\xd9"])
def test_read_stale_bytes_behind_the_end_of_a_compressed_image_are_noted(syntax, surplus):
    stream = LOSSLESS[syntax](breast(), 12)
    fragment = stream + surplus
    mammogram = read(with_pixel_data(build_dicom(breast(), syntax), encapsulate([fragment])))
    assert np.array_equal(mammogram.pixels, breast())
    note = f"{len(surplus):,} bytes follow the end of the compressed image; they were ignored."
    assert mammogram.notes == ((note,) if len(surplus) > 1 else ())


def test_read_compressed_pixels_in_native_syntax_raises_image_error():
    complete = build_dicom(breast(), J2K)
    assert complete.count(J2K.encode()) == 1
    plain = uid.ExplicitVRLittleEndian.encode()
    lying = complete.replace(J2K.encode(), plain + bytes(len(J2K) - len(plain)))
    assert "aren't compressed" in refused(lying).message


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS])
def test_read_truncated_pixel_data_raises_image_error(syntax):
    complete = build_dicom(breast(32, 24), syntax)
    start = complete.index(b"\xe0\x7f\x10\x00") if b"\xe0\x7f\x10\x00" in complete else len(complete) // 2
    for end in {*range(start, len(complete) - 2, 29), len(complete) - 2}:
        assert refused(complete[:end]).reason == "damaged"


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, J2K])
def test_read_foreign_data_after_pixels_raises_image_error(syntax):
    assert "follows" in refused(build_dicom(breast(), syntax) + b"<script>alert(1)</script>").message


@pytest.mark.parametrize("tail", [bytes(512), PADDING, PADDING + bytes(30)], ids=["zeros", "padding", "both"])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, J2K])
def test_read_ignores_padding_after_pixels(syntax, tail):
    assert np.array_equal(read(build_dicom(breast(), syntax) + tail).pixels, breast())


def test_read_truncated_trailing_padding_raises_image_error():
    assert "follows" in refused(build_dicom(breast(), J2K) + PADDING[:-2]).message


def test_read_single_bit_pixels_least_significant_first():
    bits = np.random.default_rng(0).integers(0, 2, (8, 16)).astype(np.uint8)
    pixels = np.packbits(bits, bitorder="little").tobytes()
    for syntax in (uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian):
        elements = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": pixels}
        assert np.array_equal(read(build_dicom(bits, syntax, **elements)).pixels, bits)


def test_read_foreign_data_far_after_pixels_raises_image_error():
    with pytest.raises(ImageError, match="something that isn't DICOM follows its image"):
        read(build_dicom(breast()) + bytes(2 << 20) + b"nonsense")
