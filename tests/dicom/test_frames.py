import io
import struct
from io import BytesIO

import numpy as np
import pydicom
import pytest
from dicom_files import LOSSLESS, NATIVE, breast, build
from pydicom import uid
from pydicom.encaps import encapsulate, encapsulate_extended

from mammo_core.dicom import read
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
def test_the_middle_frame_is_read(syntax):
    mammogram = read(build(STACK, syntax))
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
def test_frames_are_found(syntax, pixel_data, elements):
    encoded = [LOSSLESS[syntax](frame, 12) for frame in STACK]
    assert np.array_equal(read(with_pixel_data(build(STACK, syntax), pixel_data(encoded))).pixels, STACK[2])


def test_frames_are_found_by_the_extended_offset_table():
    data, offsets, lengths = encapsulate_extended([LOSSLESS[J2K](frame, 12) for frame in STACK])
    elements = {"ExtendedOffsetTable": offsets, "ExtendedOffsetTableLengths": lengths}
    assert np.array_equal(read(with_pixel_data(build(STACK, J2K), data, **elements)).pixels, STACK[2])


@pytest.mark.parametrize("frames", [4, 6])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, J2K])
def test_another_number_of_frames_than_the_header_says_is_refused(syntax, frames):
    assert refused(build(STACK, syntax, NumberOfFrames=frames)).reason == "damaged"


def test_offsets_that_point_nowhere_are_refused():
    data = bytearray(encapsulate([LOSSLESS[J2K](frame, 12) for frame in STACK]))
    data[12:16] = struct.pack("<I", 2)
    assert "as many frames" in refused(with_pixel_data(build(STACK, J2K), bytes(data))).message


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_too_few_bytes_are_refused(syntax):
    assert "fewer" in refused(build(breast(), syntax, PixelData=breast().tobytes()[:-2])).message


def test_up_to_a_row_of_zeros_more_is_padding():
    row = bytes(2 * breast().shape[1])
    assert np.array_equal(read(build(breast(), PixelData=breast().tobytes() + row)).pixels, breast())
    assert "more" in refused(build(breast(), PixelData=breast().tobytes() + row + b"\0\0")).message
    assert "more" in refused(build(breast(), PixelData=breast().tobytes() + b"\0\1")).message


def test_compressed_pixels_under_a_native_syntax_are_refused():
    whole = build(breast(), J2K)
    assert whole.count(J2K.encode()) == 1
    plain = uid.ExplicitVRLittleEndian.encode()
    lying = whole.replace(J2K.encode(), plain + bytes(len(J2K) - len(plain)))
    assert "aren't compressed" in refused(lying).message


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS])
def test_every_cut_is_noticed(syntax):
    whole = build(breast(32, 24), syntax)
    start = whole.index(b"\xe0\x7f\x10\x00") if b"\xe0\x7f\x10\x00" in whole else len(whole) // 2
    for end in {*range(start, len(whole) - 2, 29), len(whole) - 2}:
        assert refused(whole[:end]).reason == "damaged"


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, J2K])
def test_something_else_behind_the_pixels_is_refused(syntax):
    assert "follows" in refused(build(breast(), syntax) + b"<script>alert(1)</script>").message


@pytest.mark.parametrize("tail", [bytes(512), PADDING, PADDING + bytes(30)], ids=["zeros", "padding", "both"])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, J2K])
def test_padding_behind_the_pixels_is_accepted(syntax, tail):
    assert np.array_equal(read(build(breast(), syntax) + tail).pixels, breast())


def test_padding_that_is_cut_off_is_refused():
    assert "follows" in refused(build(breast(), J2K) + PADDING[:-2]).message


def test_single_bits_are_read_lowest_first():
    bits = np.random.default_rng(0).integers(0, 2, (8, 16)).astype(np.uint8)
    packed = np.packbits(bits, bitorder="little").tobytes()
    for syntax in (uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian):
        elements = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": packed}
        assert np.array_equal(read(build(bits, syntax, **elements)).pixels, bits)


def test_nonsense_far_behind_the_pixels_is_refused():
    with pytest.raises(ImageError, match="something that isn't DICOM follows its image"):
        read(build(breast()) + bytes(2 << 20) + b"nonsense")
