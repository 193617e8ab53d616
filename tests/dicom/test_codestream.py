import struct

import imagecodecs
import numpy as np
import pytest
from pydicom import uid

from builders.breasts import breast, breast8
from builders.dicom import LOSSLESS
from mammo_core.dicom.codestream import parse
from mammo_core.errors import ImageError

KINDS = (uid.JPEG2000Lossless, uid.HTJ2KLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless)


def stream(kind: str = uid.JPEG2000Lossless) -> bytes:
    return LOSSLESS[kind](breast(40, 24), 12)


def boxed(codestream: bytes, length: int | None = None) -> bytes:
    size = len(codestream) + 8 if length is None else length
    box = struct.pack(">I4s", 20, b"ftyp") + b"jp2 \0\0\0\0jp2 "
    return b"\0\0\0\x0cjP  \r\n\x87\n" + box + struct.pack(">I4s", size, b"jp2c") + codestream


def test_parse_jpeg2000_header():
    code = parse(LOSSLESS[uid.JPEG2000Lossless](breast(80, 64), 12))
    assert (code.rows, code.columns, code.bits, code.components) == (80, 64, 12, 1)
    assert (code.signed, code.levels, code.lossless_jpeg) == (False, 3, False)


def test_parse_jpeg_headers():
    code = parse(stream(uid.JPEGLosslessSV1))
    assert (code.rows, code.columns, code.bits, code.components, code.lossless_jpeg) == (40, 24, 12, 1, True)
    baseline = parse(bytes(imagecodecs.jpeg8_encode(breast8())))
    assert (baseline.rows, baseline.columns, baseline.bits, baseline.lossless_jpeg) == (96, 72, 8, False)


def test_parse_colour_has_three_components():
    assert parse(bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8, 3), np.uint8)))).components == 3


def test_parse_signed_jpeg2000():
    data = bytearray(stream())
    data[42] |= 0x80  # Ssiz
    assert parse(bytes(data)).signed


@pytest.mark.parametrize("length", [None, 0], ids=["length given", "up to the end"])
def test_parse_strips_jp2_boxes(length):
    assert parse(boxed(stream(), length)).data == stream()


def test_parse_strips_extended_length_box():
    code = stream()
    box = struct.pack(">I4sQ", 1, b"jp2c", len(code) + 16)
    assert parse(b"\0\0\0\x0cjP  \r\n\x87\n" + box + code).data == code


@pytest.mark.parametrize("kind", KINDS)
def test_parse_accepts_trailing_zero(kind):
    assert parse(stream(kind) + b"\0").data == stream(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fill", [b"\xff", b" "])
def test_parse_accepts_trailing_fill_byte(kind, fill):
    code = parse(stream(kind) + fill)
    assert (code.data, code.surplus) == (stream(kind), 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [b"\0\0nonsense", b"\xff\xd9", b"\xff\xd8stale\xff\xd9"])
def test_parse_stale_bytes_behind_the_end_are_left_out_and_counted(kind, tail):
    code = parse(stream(kind) + tail)
    assert (code.data, code.surplus) == (stream(kind), len(tail))


@pytest.mark.parametrize("kind", KINDS)
def test_parse_truncated_at_any_byte_raises_image_error(kind):
    complete = stream(kind)
    for end in range(len(complete)):
        with pytest.raises(ImageError) as caught:
            parse(complete[:end])
        assert caught.value.reason == "damaged"


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 40, b"GIF89a" + b"\0" * 40, boxed(stream(), 10**6), boxed(stream())[:12], boxed(b"")]
)
def test_parse_invalid_data_raises_image_error(data):
    with pytest.raises(ImageError) as caught:
        parse(data)
    assert caught.value.reason == "damaged"


def test_parse_too_many_boxes_raises_image_error():
    with pytest.raises(ImageError, match="too many boxes"):
        parse(b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I4s", 8, b"free") * 200_000)


def test_parse_duplicate_frame_header_raises_image_error():
    data = stream(uid.JPEGLosslessSV1)
    start = data.index(b"\xff\xc3")
    frame = data[start : start + 2 + struct.unpack_from(">H", data, start + 2)[0]]
    with pytest.raises(ImageError, match="header is broken"):
        parse(data[:start] + frame + data[start:])


@pytest.mark.parametrize(("position", "value"), [(43, b"\x02"), (8, bytes(4))], ids=["subsampled", "no columns"])
def test_parse_invalid_jpeg2000_size_raises_image_error(position, value):
    data = bytearray(stream())
    data[position : position + len(value)] = value  # XRsiz, Xsiz
    with pytest.raises(ImageError, match="makes no sense"):
        parse(bytes(data))


def test_parse_undeclared_restart_marker_raises_image_error():
    data = stream(uid.JPEGLosslessSV1)
    middle = (data.index(b"\xff\xda") + len(data)) // 2
    with pytest.raises(ImageError, match="interrupted"):
        parse(data[:middle] + b"\xff\xd3" + data[middle:])
    interval = b"\xff\xdd" + struct.pack(">HH", 4, 100)
    start = data.index(b"\xff\xda")
    parse(data[:start] + interval + data[start:middle] + b"\xff\xd3" + data[middle:])
