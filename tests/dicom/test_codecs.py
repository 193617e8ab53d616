import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from builders.breasts import breast, breast8
from builders.dicom import LOSSLESS, LOSSY
from mammo_core.dicom import codecs
from mammo_core.errors import ImageError

COMPRESSED = [syntax for syntax in LOSSLESS if syntax != uid.RLELossless]
WHOLE_BYTES = {uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.JPEGLSLossless}  # whose encoders are told no precision


@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_decode_lossless_syntaxes_is_exact(syntax, bits):
    pixels = np.random.default_rng(bits).integers(0, 2**bits, (33, 21)).astype(np.uint16 if bits > 8 else np.uint8)
    values, done, precision, signed, *_ = codecs.decode(LOSSLESS[syntax](pixels, bits), syntax, (33, 21), 0)
    assert np.array_equal(values, pixels)
    assert (done, signed) == (0, False)
    assert precision == (8 * pixels.itemsize if syntax in WHOLE_BYTES else bits)


@pytest.mark.parametrize(
    ("syntax", "most"), [(uid.JPEGLSNearLossless, 2), (uid.JPEGExtended12Bit, 30), (uid.JPEG2000, 60)]
)
def test_decode_lossy_syntaxes_is_close(syntax, most):
    values, *_ = codecs.decode(LOSSY[syntax](breast(), 12), syntax, (96, 72), 0)
    assert np.abs(values.astype(int) - breast()).max() <= most


def test_decode_jpeg_baseline_is_close():
    data = LOSSY[uid.JPEGBaseline8Bit](breast8(), 8)
    values, *_ = codecs.decode(data, uid.JPEGBaseline8Bit, (96, 72), 0)
    assert np.abs(values.astype(int) - breast8()).max() <= 5


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.HTJ2KLossless])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_decode_reduced_jpeg2000_preserves_pixel_values(bits, syntax):
    dtype = np.uint16 if bits > 8 else np.uint8
    pixels = np.full((64, 48), (1 << bits) - 3, dtype)
    values, done, *_ = codecs.decode(LOSSLESS[syntax](pixels, bits), syntax, (64, 48), 2)
    assert done == 2
    assert values.shape == (16, 12)
    assert set(np.unique(values)) == {(1 << bits) - 3}


@pytest.mark.parametrize("share", [1, 0.06])
def test_decode_reduced_jpeg2000_drops_only_unneeded_bit_planes(share):
    pixels = np.round(breast(512, 384) * (share * 14)).astype(
        np.uint16
    )  # 16 bits, of which the tissue takes all or few
    data = LOSSLESS[uid.JPEG2000Lossless](pixels, 16)
    values, done, *_ = codecs.decode(data, uid.JPEG2000Lossless, pixels.shape, 1)
    full = pixels.reshape(256, 2, 192, 2).mean((1, 3))
    assert done == 1
    assert np.unique(values).size > 100
    assert np.abs(values - full).mean() < pixels.max() / 100
    assert (values[full == 0] == 0).mean() > 0.9


def test_decode_reduction_is_limited_by_decomposition_levels():
    data = LOSSLESS[uid.JPEG2000Lossless](breast(64, 64), 12)  # three levels
    assert codecs.decode(data, uid.JPEG2000Lossless, (64, 64), 9)[1] == 3


@pytest.mark.parametrize("boxes", [False, True], ids=["bare", "in boxes"])
@pytest.mark.parametrize("tile", [None, (64, 64)], ids=["one tile", "tiles"])
@pytest.mark.parametrize("progression", ["LRCP", "RPCL", "CPRL"])
def test_decode_jpeg2000_of_other_encoders(boxes, tile, progression):
    pixels, stream = breast(200, 150), io.BytesIO()
    options = {"no_jp2": not boxes, "tile_size": tile, "progression": progression, "num_resolutions": 4}
    Image.fromarray(pixels).save(stream, format="JPEG2000", **options)
    written = np.asarray(Image.open(stream))  # Pillow puts its tiles together in a way of its own
    values, done, bits, *_ = codecs.decode(stream.getvalue(), uid.JPEG2000Lossless, pixels.shape, 0)
    assert (done, bits) == (0, 16)
    assert np.array_equal(values, written)
    reduced, done, *_ = codecs.decode(stream.getvalue(), uid.JPEG2000Lossless, pixels.shape, 1)
    full_size = reduced.repeat(2**done, 0).repeat(2**done, 1)[:200, :150].astype(int)
    assert np.abs(full_size - written).mean() < 60


def test_decode_reduces_only_jpeg2000():
    data = LOSSLESS[uid.JPEGLosslessSV1](breast(), 12)
    values, done, *_ = codecs.decode(data, uid.JPEGLosslessSV1, (96, 72), 3)
    assert done == 0
    assert np.array_equal(values, breast())


def test_decode_failed_reduction_falls_back_to_less_or_none(monkeypatch):
    data = LOSSLESS[uid.JPEG2000Lossless](breast(), 12)
    reduced = codecs._reduced
    monkeypatch.setattr(codecs, "_reduced", lambda code, *how: None if how[0] > 1 else reduced(code, *how))
    assert codecs.decode(data, uid.JPEG2000Lossless, (96, 72), 3)[1] == 1
    monkeypatch.setattr(codecs, "_reduced", lambda *_: None)
    values, done, *_ = codecs.decode(data, uid.JPEG2000Lossless, (96, 72), 3)
    assert done == 0
    assert np.array_equal(values, breast())


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_decode_size_mismatch_raises_image_error(syntax):
    data = LOSSLESS[syntax](breast(), 12)
    with pytest.raises(ImageError, match="must agree") as caught:
        codecs.decode(data, syntax, (96, 71), 0)
    assert caught.value.reason == "damaged"


def test_decode_colour_raises_image_error():
    data = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(ImageError) as caught:
        codecs.decode(data, uid.JPEGBaseline8Bit, (8, 8), 0)
    assert caught.value.reason == "not_mammogram"


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless])
def test_decode_stream_of_another_syntax_raises_image_error(syntax):
    with pytest.raises(ImageError, match="can't be decoded"):
        codecs.decode(LOSSLESS[uid.JPEGLosslessSV1](breast(), 12), syntax, (96, 72), 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_decode_rle_is_exact(dtype):
    pixels = (breast() >> 5).astype(dtype)
    data = LOSSLESS[uid.RLELossless](pixels, 8 * pixels.itemsize)
    assert np.array_equal(codecs.decode_rle(data, pixels.shape, pixels.dtype), pixels)


@pytest.mark.parametrize("data", [b"", b"\0" * 64, b"\x01\0\0\0\x40\0\0\0" + b"\0" * 56 + b"\x05abcdef"])
def test_decode_rle_truncated_raises_image_error(data):
    with pytest.raises(ImageError) as caught:
        codecs.decode_rle(data, (96, 72), np.dtype(np.uint16))
    assert caught.value.reason == "damaged"


def test_supported_syntaxes_are_all_monochrome_ones_of_pydicom():
    assert set(LOSSLESS) | set(LOSSY) | codecs.NATIVE == codecs.SUPPORTED


def jpeg(syntax: str, rows: int = 400, columns: int = 300) -> bytes:
    """A JPEG stream in which a decoder can lose its way for long enough."""
    pixels = breast(rows, columns)
    if syntax == uid.JPEGBaseline8Bit:
        return LOSSY[syntax]((pixels >> 4).astype(np.uint8), 8)
    return (LOSSLESS | LOSSY)[syntax](pixels, 12)


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEGLossless, uid.JPEGExtended12Bit, uid.JPEGBaseline8Bit])
@pytest.mark.parametrize("share", [0.98, 0.6, 0.1])
def test_decode_truncated_jpeg_scan_raises_image_error(syntax, share):
    data = jpeg(syntax)
    codecs.decode(data, syntax, (400, 300), 0)
    start = data.index(b"\xff\xda")
    cut = data[: start + int(share * (len(data) - start))].rstrip(b"\xff") + b"\xff\xd9"
    with pytest.raises(ImageError, match="coded data end early or make no sense"):
        codecs.decode(cut, syntax, (400, 300), 0)


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEGLossless])
def test_decode_corrupt_lossless_jpeg_raises_image_error(syntax):
    data = bytearray(jpeg(syntax))
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    with pytest.raises(ImageError, match="coded data end early or make no sense"):
        codecs.decode(bytes(data), syntax, (400, 300), 0)


@pytest.mark.parametrize("syntax", [uid.JPEGExtended12Bit, uid.JPEGBaseline8Bit])
def test_decode_lossy_jpeg_with_decoder_warning_raises_image_error(syntax):
    data = jpeg(syntax)
    with pytest.raises(ImageError, match="coded data end early or make no sense"):
        codecs.decode(data[:-2] + bytes(9) + data[-2:], syntax, (400, 300), 0)  # some are left over


@pytest.mark.parametrize("syntax", [uid.JPEGExtended12Bit, uid.JPEGBaseline8Bit])
def test_decode_ignores_wrong_spectral_selection(syntax):
    data = jpeg(syntax)
    wrong = data.replace(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0", b"\xff\xda\0\x08\x01\x01\0\0\0\0")
    assert wrong != data
    values, expected = (codecs.decode(stream, syntax, (400, 300), 0).values for stream in (wrong, data))
    assert np.array_equal(values, expected)


def test_decode_keeps_values_beyond_the_stream_precision():
    pixels = breast() + np.uint16(4500)
    data = LOSSLESS[uid.JPEGLosslessSV1](pixels, 13).replace(b"\xff\xc3\x00\x0b\x0d", b"\xff\xc3\x00\x0b\x0c")
    expected = pixels - 2048  # the first pixel is predicted from the middle of the bits
    assert expected.max() > 4095
    assert np.array_equal(codecs.decode(data, uid.JPEGLosslessSV1, (96, 72), 0).values, expected)


def test_decode_without_max_step_gives_quantisation_step_1():
    pixels = np.round(breast(512, 384) * 14).astype(np.uint16)
    data = LOSSLESS[uid.JPEG2000Lossless](pixels, 16)
    coarse, fine = (
        codecs.decode(data, uid.JPEG2000Lossless, pixels.shape, 1, max_step=step) for step in (4 / 255, None)
    )
    assert coarse.quantisation_step > 1
    assert fine.quantisation_step == 1
    assert set(np.unique(coarse.values % coarse.quantisation_step)) == {0}
    assert np.unique(fine.values % coarse.quantisation_step).size > 1


def test_decode_progressive_jpeg():
    pixels = np.clip(breast(400, 300) >> 4, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, progressive=True)
    values = codecs.decode(stream.getvalue(), uid.JPEGBaseline8Bit, (400, 300), 0).values
    assert np.abs(values.astype(int) - pixels).max() < 30


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEGLossless])
def test_decode_lossless_jpeg_may_end_in_mid_range_values(syntax):
    pixels = breast(400, 300)
    pixels[-30:] = 2048
    data = LOSSLESS[syntax](pixels, 12)
    assert np.array_equal(codecs.decode(data, syntax, (400, 300), 0).values, pixels)


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEGLossless])
def test_decode_strict_rejects_surplus_lossless_data(syntax):
    data = jpeg(syntax)
    expected = codecs.decode(data, syntax, (400, 300), 0).values
    assert np.array_equal(codecs.decode(data, syntax, (400, 300), 0, strict=True).values, expected)
    left_over = data[:-2] + bytes(9) + data[-2:]
    assert np.array_equal(codecs.decode(left_over, syntax, (400, 300), 0).values, expected)
    with pytest.raises(ImageError, match="coded data end early or make no sense"):
        codecs.decode(left_over, syntax, (400, 300), 0, strict=True)
