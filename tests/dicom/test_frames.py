import io
import struct
from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate, encapsulate_extended

from builders.breasts import breast
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


def test_read_ignores_up_to_one_row_of_padding():
    row = bytes(2 * breast().shape[1])
    assert np.array_equal(read(build_dicom(breast(), PixelData=breast().tobytes() + row)).pixels, breast())
    assert "more" in refused(build_dicom(breast(), PixelData=breast().tobytes() + row + b"\0\0")).message
    assert "more" in refused(build_dicom(breast(), PixelData=breast().tobytes() + b"\0\1")).message


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
    packed = np.packbits(bits, bitorder="little").tobytes()
    for syntax in (uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian):
        elements = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": packed}
        assert np.array_equal(read(build_dicom(bits, syntax, **elements)).pixels, bits)


def test_read_foreign_data_far_after_pixels_raises_image_error():
    with pytest.raises(ImageError, match="something that isn't DICOM follows its image"):
        read(build_dicom(breast()) + bytes(2 << 20) + b"nonsense")
