"""Compressed frame → stored values.

Each transfer syntax uses the fastest decoder that is exact.

Where a smaller image is requested, JPEG 2000 is decoded at reduced resolution: its wavelet levels form a pyramid, so
most of the work is saved. The lowest bits of its coefficients are left out too, as far as the caller tolerates it.
"""

import io
import math
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError
from pydicom import uid

from mammo_core.dicom.codestream import Codestream, parse
from mammo_core.dicom.truncation import truncate_codestream
from mammo_core.errors import ImageError

DEEP_HALVINGS = 2  # above these, each bit that is left out doubles the error
END_SHARE = 0.005  # of a thumbnail's grey range, ignored at either end: air, burned-in borders and letters
JPEG_2000 = {uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K}
JPEG = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1}
JPEG_LS = {uid.JPEGLSLossless, uid.JPEGLSNearLossless}
RLE = {uid.RLELossless}
NATIVE = {
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
}
PROGRESSIVE = 0xC2  # second byte of the marker of a progressive frame
CORRUPT = "The compressed image is damaged: its coded data end early or make no sense."
STALE_BYTES = "{:,} bytes follow the end of the compressed image; they were ignored."
SUPPORTED = JPEG_2000 | JPEG | JPEG_LS | RLE | NATIVE


class Decoded(NamedTuple):
    """One decoded frame.

    Attributes:
        values: integers (rows, columns).
        halvings: how often the sides were halved.
        bits: precision of a sample, as the stream states it.
        signed: whether the stream declares samples as signed.
        quantisation_step: distance between two neighbouring values; above 1 where the lowest bits were left out.
        notes: sentences about what was unusual in the file's pixels.
    """

    values: np.ndarray
    halvings: int
    bits: int
    signed: bool
    quantisation_step: int = 1
    notes: tuple[str, ...] = ()


def decode(
    stream: bytes,
    syntax: str,
    shape: tuple[int, int],
    reduction: int,
    *,
    max_step: float | None = None,
    strict: bool = False,
) -> Decoded:
    """Decode one frame of a JPEG family syntax.

    Args:
        stream: the frame's compressed bytes.
        syntax: transfer syntax UID.
        shape: rows and columns, as the DICOM header states them.
        reduction: how often the sides may be halved; only JPEG 2000 can.
        max_step: largest quantisation step of a reduced image, as a share of its contrast: the 1–99 % range of a
            thumbnail's more varied half, which is tissue and not air. None decodes every bit.
        strict: decode JPEG Lossless a second time with a decoder that reports warnings.

    Raises:
        ImageError: the stream contradicts the header or is damaged.
    """
    code = parse(stream)
    notes = (STALE_BYTES.format(code.surplus),) if code.surplus else ()
    if (code.rows, code.columns) != shape:
        raise ImageError(
            "damaged",
            f"The header states {shape[0]} × {shape[1]} pixels, the compressed image {code.rows} × {code.columns}; "
            "they must agree.",
        )
    if code.components != 1:
        raise ImageError("not_mammogram", "This is a colour image, not a mammogram.")
    halvings = min(reduction, code.levels) if syntax in JPEG_2000 and not code.signed else 0
    planes = 0 if max_step is None or not halvings else _spare_planes(code, halvings, max_step)
    while halvings:
        reduced = _reduced(code, halvings, planes)
        if reduced is not None:
            return reduced._replace(notes=notes)
        halvings -= 1
    try:
        values = _full(code, syntax)
    except (RuntimeError, ValueError, OSError) as error:  # every codec has its own RuntimeError
        raise ImageError("damaged", f"The compressed image can't be decoded ({type(error).__name__}).") from None
    if values.shape != shape:
        raise ImageError("damaged", "The decoded image doesn't have the size that the header states.")
    if syntax in JPEG:
        if code.lossless_jpeg:
            _check_lossless(code, values, strict or bool(notes))
        else:
            _check_lossy(code)
    return Decoded(values, 0, code.bits, code.signed, notes=notes)


def _check_lossless(code: Codestream, values: np.ndarray, strict: bool) -> None:
    """Detect corruption that libjpeg silently conceals.

    It fills missing scan data with mid-grey and lets bad differences wrap below zero; both leave traces in the pixels,
    and these reveal more than libjpeg's warnings do. imagecodecs does not expose the warnings, so `strict` decodes a
    second time with simplejpeg, which does (twice the cost).

    Raises:
        ImageError: the pixels have such traces, or there was a warning.
    """
    mid_grey = 1 << (code.bits - 1)
    wrapped = values.dtype == np.uint16 and code.bits < 15 and int(values.max()) >> 15
    if wrapped:
        raise ImageError("damaged", CORRUPT)
    if strict or bool((values[-1] == mid_grey).all()):  # a sound image may end so too: padding can be grey
        _decode_for_warnings(code, bytearray(code.data))


def _check_lossy(code: Codestream) -> None:
    """Decode a Baseline or Extended stream a second time for its decoder's warnings.

    A wrong spectral selection is common and harmless in a sequential scan, which always has all 64 coefficients; in a
    progressive scan it counts.

    Raises:
        ImageError: there was a warning.
    """
    stream = bytearray(code.data)
    if stream[code.frame + 1] != PROGRESSIVE:
        stream[code.scan + 7 : code.scan + 10] = bytes([0, 63, 0])
    _decode_for_warnings(code, stream)


def _decode_for_warnings(code: Codestream, stream: bytearray) -> None:
    """Check a stream with simplejpeg, which reports libjpeg's warnings.

    The picture is discarded. simplejpeg decodes 8 bits only. Coded data of more bits have the same form (T.81 annexes
    F and H), so the header is set to 8.

    Raises:
        ImageError: there was a warning.
    """
    stream[code.frame + 4] = 8
    try:
        simplejpeg.decode_jpeg(bytes(stream), "GRAY", min_factor=1 if code.lossless_jpeg else 8)
    except ValueError:
        raise ImageError("damaged", CORRUPT) from None


def _full(code: Codestream, syntax: str) -> np.ndarray:
    # HTJ2K too: htj2k_decode is faster, but returns the picture of a damaged stream without an error
    if syntax in JPEG_2000:
        return imagecodecs.jpeg2k_decode(code.data, numthreads=1)
    if syntax in JPEG_LS:
        return imagecodecs.jpegls_decode(code.data)
    return imagecodecs.jpeg8_decode(code.data)


def _reduced(code: Codestream, halvings: int, planes: int) -> Decoded | None:
    """Decode JPEG 2000 at 1/2**halvings of its sides.

    It returns None if the stream doesn't allow this reduction.
    """
    step = 2**halvings
    values = _decode_truncated(code, halvings, planes)
    if values is None:
        values, planes = _decode_with_pillow(code, halvings), 0
    shape = (-(-code.rows // step), -(-code.columns // step))
    if values is None or values.shape != shape or values.dtype not in (np.uint8, np.uint16):
        return None
    return Decoded(values, halvings, code.bits, False, 1 << planes)


def _decode_truncated(code: Codestream, halvings: int, planes: int) -> np.ndarray | None:
    """Decode a codestream whose header announces a smaller image.

    It returns None where that isn't possible.

    Without its lowest bits a value is one step too low on average, except for an exact 0.
    """
    values = _try_decode(truncate_codestream(code.data, halvings, planes))
    if values is None or not planes:
        return values
    values = values.astype(np.uint16, copy=False)
    values += values > 0
    return np.minimum(values, (1 << code.bits - planes) - 1, out=values) << planes


def _spare_planes(code: Codestream, halvings: int, max_step: float) -> int:
    """Estimate how many of the lowest bits may be left out.

    The quantisation step is to stay below `max_step`. The estimate comes from a thumbnail. Of the pixels darker and
    those brighter than its mean, tissue is the more varied half and air the other; air and burned-in borders at the
    ends of the scale don't count. The caller knows the tissue only after decoding and must check
    `Decoded.quantisation_step` then.
    """
    thumbnail = _try_decode(truncate_codestream(code.data, code.levels, 1))
    if thumbnail is None:
        return 0
    levels = np.sort(thumbnail, axis=None)
    margin = END_SHARE * (int(levels[-1]) - int(levels[0]))
    inner = levels[slice(*np.searchsorted(levels, (levels[0] + margin, levels[-1] - margin), side="right"))]
    levels = inner if inner.size else levels
    middle = int(np.searchsorted(levels, levels.mean()))
    halves = [half for half in (levels[:middle], levels[middle:]) if half.size]
    contrast = max(int(half[int(0.99 * half.size)]) - int(half[int(0.01 * half.size)]) for half in halves)
    return max(0, int(math.log2(max(max_step * contrast, 1))) - (halvings > DEEP_HALVINGS))


def _try_decode(stream: bytes | None) -> np.ndarray | None:
    try:
        return imagecodecs.jpeg2k_decode(stream, numthreads=1) if stream else None
    except (RuntimeError, ValueError):
        return None


def _decode_with_pillow(code: Codestream, halvings: int) -> np.ndarray | None:
    """Decode with Pillow, which is slower but accepts any order of packets.

    Pillow shifts bare codestreams of 9 to 15 bits up to 16, but not all that are in JP2 boxes, so it gets the former.
    """
    try:
        with Image.open(io.BytesIO(code.data), formats=["JPEG2000"]) as picture:
            reduced: Any = picture  # for this format `reduce` is an attribute, for others a method
            reduced.reduce = halvings
            values = np.asarray(reduced)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return values >> (16 - code.bits) if values.dtype == np.uint16 else values


def decode_rle(stream: bytes, shape: tuple[int, int], dtype: np.dtype) -> np.ndarray:
    """Decode one RLE frame (PS3.5 annex G).

    Raises:
        ImageError: the frame doesn't have as many bytes as the header requires.
    """
    try:
        values = imagecodecs.dicomrle_decode(stream, dtype)
        return np.frombuffer(values, dtype).reshape(shape)
    except (RuntimeError, ValueError) as error:
        raise ImageError("damaged", f"The compressed image can't be decoded ({type(error).__name__}).") from None
