"""Compressed frame → stored values: for each transfer syntax the fastest decoder that is exact.

JPEG 2000 is decoded at reduced resolution where a smaller image is wanted: its wavelet levels are a pyramid, so most of
the work falls away. So do the lowest bits of its coefficients then, as far as eight bits of grey don't show them.
"""

import io
import math
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image, UnidentifiedImageError
from pydicom import uid

from mammo_core.dicom.codestream import Codestream, parse
from mammo_core.dicom.pyramid import smaller
from mammo_core.errors import ImageError

LEVELS = 255  # grey levels of a model input
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
SUPPORTED = JPEG_2000 | JPEG | JPEG_LS | RLE | NATIVE


def decode(stream: bytes, syntax: str, shape: tuple[int, int], reduction: int) -> tuple[np.ndarray, int, int, bool]:
    """Decode one frame of a JPEG family syntax.

    Args:
        stream: the frame's compressed bytes.
        syntax: transfer syntax UID.
        shape: rows and columns that the DICOM header gives.
        reduction: how often the sides may be halved; only JPEG 2000 can.

    Returns:
        Integers (rows, columns), the reduction that was done, their precision in bits, and whether the stream calls
        them signed.

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
    while halvings:
        values = _reduced(code, halvings)
        if values is not None:
            return values, halvings, code.bits, False
        halvings -= 1
    try:
        values = _full(code, syntax)
    except (RuntimeError, ValueError, OSError) as error:  # every codec has its own RuntimeError
        raise ImageError("damaged", f"The compressed image can't be decoded ({type(error).__name__}).") from None
    if values.shape != shape:
        raise ImageError("damaged", "The decoded image doesn't have the size that the header gives.")
    return values, 0, code.bits, code.signed


def _full(code: Codestream, syntax: str) -> np.ndarray:
    # HTJ2K too: htj2k_decode is faster, but returns a damaged stream's picture as if it were sound
    if syntax in JPEG_2000:
        return imagecodecs.jpeg2k_decode(code.data, numthreads=1)
    if syntax in JPEG_LS:
        return imagecodecs.jpegls_decode(code.data)
    return imagecodecs.jpeg8_decode(code.data)


def _reduced(code: Codestream, halvings: int) -> np.ndarray | None:
    """Decode JPEG 2000 at 1/2**halvings, or return None where that fails: not every stream allows every reduction."""
    step = 2**halvings
    values = _by_header(code, halvings)
    if values is None:
        values = _by_pillow(code, halvings)
    shape = (-(-code.rows // step), -(-code.columns // step))
    return None if values is None or values.shape != shape or values.dtype not in (np.uint8, np.uint16) else values


def _by_header(code: Codestream, halvings: int) -> np.ndarray | None:
    """Decode what a smaller header announces; None where that isn't possible.

    Without its lowest bits a value comes out one step too low on average, but for an exact 0.
    """
    planes = _spare_planes(code)
    values = _decoded(smaller(code.data, halvings, planes))
    if values is None or not planes:
        return values
    values = values.astype(np.uint16, copy=False)
    values += values > 0
    return np.minimum(values, (1 << code.bits - planes) - 1, out=values) << planes


def _spare_planes(code: Codestream) -> int:
    """Return how many of the lowest bits are worth less than one of the `LEVELS` that the tissue's grey levels become.

    A thumbnail tells: of what is darker and what is brighter than its mean, tissue is the more varied, and air the other.
    """
    thumbnail = _decoded(smaller(code.data, code.levels, 1))
    if thumbnail is None:
        return 0
    levels = np.sort(thumbnail, axis=None)
    middle = int(np.searchsorted(levels, levels.mean()))
    parts = [part for part in (levels[:middle], levels[middle:]) if part.size]
    spread = 2 * max(int(part[int(0.99 * part.size)]) - int(part[int(0.01 * part.size)]) for part in parts)
    return int(math.log2(max(spread / LEVELS, 1)))


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
