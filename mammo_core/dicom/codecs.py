"""Compressed frame → stored values: for each transfer syntax the fastest decoder that is exact.

JPEG 2000 is decoded at reduced resolution where a smaller image is wanted: its wavelet levels are a pyramid, so most of
the work falls away. So do the lowest bits of its coefficients then, as far as eight bits of grey don't show them.
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

DEEP = 2  # halvings; from more of them on, a bit left out shows twice as much
ENDS = 0.005  # of a thumbnail's grey levels at either end: air, burned borders and letters
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
PROGRESSIVE = 0xC2  # second byte of such a frame's marker
SENSELESS = "The compressed image is damaged: its coded data end early or make no sense."
SUPPORTED = JPEG_2000 | JPEG | JPEG_LS | RLE | NATIVE


class Decoded(NamedTuple):
    """One decoded frame.

    Attributes:
        values: integers (rows, columns).
        halvings: how often the sides were halved.
        bits: precision of a sample, by the stream.
        signed: whether the stream calls them signed.
        quantisation_step: what lies between two neighbouring values; above 1 where the lowest bits were left out.
    """

    values: np.ndarray
    halvings: int
    bits: int
    signed: bool
    quantisation_step: int = 1


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
        shape: rows and columns that the DICOM header gives.
        reduction: how often the sides may be halved; only JPEG 2000 can.
        max_step: largest quantisation step of a reduced image, as a share of its contrast: the 1–99 % range of a
            thumbnail's more varied half, which is tissue and not air. None decodes every bit.
        strict: read JPEG Lossless once more, to hear its decoder's warnings.

    Raises:
        ImageError: the stream contradicts the header or is damaged.
    """
    code = parse(stream)
    if (code.rows, code.columns) != shape:
        raise ImageError(
            "damaged",
            f"The header says {shape[0]} × {shape[1]} pixels, the compressed image {code.rows} × {code.columns}; "
            "they must agree.",
        )
    if code.components != 1:
        raise ImageError("not_mammogram", "This is a colour image, not a mammogram.")
    halvings = min(reduction, code.levels) if syntax in JPEG_2000 and not code.signed else 0
    planes = 0 if max_step is None or not halvings else _spare_planes(code, halvings, max_step)
    while halvings:
        found = _reduced(code, halvings, planes)
        if found is not None:
            return found
        halvings -= 1
    try:
        values = _full(code, syntax)
    except (RuntimeError, ValueError, OSError) as error:  # every codec has its own RuntimeError
        raise ImageError("damaged", f"The compressed image can't be decoded ({type(error).__name__}).") from None
    if values.shape != shape:
        raise ImageError("damaged", "The decoded image doesn't have the size that the header gives.")
    if syntax in JPEG:
        _check_lossless(code, values, strict) if code.lossless_jpeg else _check_lossy(code)
    return Decoded(values, 0, code.bits, code.signed)


def _check_lossless(code: Codestream, values: np.ndarray, strict: bool) -> None:
    """Look for what libjpeg puts in place of coded data that it can't read: it only warns, and imagecodecs hears nothing.

    It fills up what a cut-off scan lacks with the middle grey, and what it misreads soon falls below 0. Such places tell more
    than the warnings do; to hear these too takes twice the time.

    Raises:
        ImageError: the picture has such places, or there was a warning.
    """
    middle, wrapped = 1 << (code.bits - 1), values.dtype == np.uint16 and code.bits < 15 and int(values.max()) >> 15
    if wrapped:
        raise ImageError("damaged", SENSELESS)
    if strict or bool((values[-1] == middle).all()):  # the latter may be so: padding can be grey
        _decode_for_warnings(code, bytearray(code.data))


def _check_lossy(code: Codestream) -> None:
    """Read the coded data of a Baseline or Extended stream once more, and listen.

    A wrong spectral selection is common and harmless: a sequential scan has all 64 coefficients. A progressive one has not.

    Raises:
        ImageError: there was a warning.
    """
    stream = bytearray(code.data)
    if stream[code.frame + 1] != PROGRESSIVE:
        stream[code.scan + 7 : code.scan + 10] = bytes([0, 63, 0])
    _decode_for_warnings(code, stream)


def _decode_for_warnings(code: Codestream, stream: bytearray) -> None:
    """Read a stream by a decoder that hears libjpeg's warnings, and throw the picture away.

    It knows 8 bits only. Coded data of more bits have the same form (T.81 annexes F and H), so a header that says 8 will do.

    Raises:
        ImageError: there was a warning.
    """
    stream[code.frame + 4] = 8
    try:
        simplejpeg.decode_jpeg(bytes(stream), "GRAY", min_factor=1 if code.lossless_jpeg else 8)
    except ValueError:
        raise ImageError("damaged", SENSELESS) from None


def _full(code: Codestream, syntax: str) -> np.ndarray:
    # HTJ2K too: htj2k_decode is faster, but returns a damaged stream's picture as if it were sound
    if syntax in JPEG_2000:
        return imagecodecs.jpeg2k_decode(code.data, numthreads=1)
    if syntax in JPEG_LS:
        return imagecodecs.jpegls_decode(code.data)
    return imagecodecs.jpeg8_decode(code.data)


def _reduced(code: Codestream, halvings: int, planes: int) -> Decoded | None:
    """Decode JPEG 2000 at 1/2**halvings, or return None where that fails: not every stream allows every reduction."""
    step = 2**halvings
    values = _by_header(code, halvings, planes)
    if values is None:
        values, planes = _by_pillow(code, halvings), 0
    shape = (-(-code.rows // step), -(-code.columns // step))
    if values is None or values.shape != shape or values.dtype not in (np.uint8, np.uint16):
        return None
    return Decoded(values, halvings, code.bits, False, 1 << planes)


def _by_header(code: Codestream, halvings: int, planes: int) -> np.ndarray | None:
    """Decode what a smaller header announces; None where that isn't possible.

    Without its lowest bits a value comes out one step too low on average, but for an exact 0.
    """
    values = _decoded(truncate_codestream(code.data, halvings, planes))
    if values is None or not planes:
        return values
    values = values.astype(np.uint16, copy=False)
    values += values > 0
    return np.minimum(values, (1 << code.bits - planes) - 1, out=values) << planes


def _spare_planes(code: Codestream, halvings: int, max_step: float) -> int:
    """Guess how many of the lowest bits are worth about one of the `LEVELS` that the tissue's grey levels become.

    A thumbnail tells: of what is darker and what is brighter than its mean, tissue is the more varied, and air the other.
    Air and burned borders at the ends of the scale don't count. Whoever knows the tissue finds out whether the guess was
    right: see `grain`.
    """
    thumbnail = _decoded(truncate_codestream(code.data, code.levels, 1))
    if thumbnail is None:
        return 0
    levels = np.sort(thumbnail, axis=None)
    margin = ENDS * (int(levels[-1]) - int(levels[0]))
    inner = levels[slice(*np.searchsorted(levels, (levels[0] + margin, levels[-1] - margin), side="right"))]
    levels = inner if inner.size else levels
    middle = int(np.searchsorted(levels, levels.mean()))
    parts = [part for part in (levels[:middle], levels[middle:]) if part.size]
    contrast = max(int(part[int(0.99 * part.size)]) - int(part[int(0.01 * part.size)]) for part in parts)
    return max(0, int(math.log2(max(max_step * contrast, 1))) - (halvings > DEEP))


def _decoded(stream: bytes | None) -> np.ndarray | None:
    try:
        return imagecodecs.jpeg2k_decode(stream, numthreads=1) if stream else None
    except (RuntimeError, ValueError):
        return None


def _by_pillow(code: Codestream, halvings: int) -> np.ndarray | None:
    """Decode with Pillow, slower but with any order of packets.

    It gets the bare codestream: it shifts those of 9 to 15 bits up to 16, but not all that stand in JP2 boxes.
    """
    try:
        with Image.open(io.BytesIO(code.data), formats=["JPEG2000"]) as picture:
            reduced: Any = picture  # of this format `reduce` is an attribute, of others a method
            reduced.reduce = halvings
            values = np.asarray(reduced)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return values >> (16 - code.bits) if values.dtype == np.uint16 else values


def decode_rle(stream: bytes, shape: tuple[int, int], dtype: np.dtype) -> np.ndarray:
    """Decode one RLE frame (PS3.5 annex G).

    Raises:
        ImageError: it doesn't hold as many bytes as the header demands.
    """
    try:
        values = imagecodecs.dicomrle_decode(stream, dtype)
        return np.frombuffer(values, dtype).reshape(shape)
    except (RuntimeError, ValueError) as error:
        raise ImageError("damaged", f"The compressed image can't be decoded ({type(error).__name__}).") from None
