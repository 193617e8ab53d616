"""Compressed bytes → stored pixel values: for each transfer syntax the fastest decoder that is exact.

JPEG 2000 is decoded at reduced resolution where a smaller image is wanted: its wavelet levels are a pyramid, so the
larger part of the work falls away.
"""

import io
import struct
from dataclasses import dataclass

import imagecodecs
import numpy as np
from PIL import Image
from pydicom import uid

from mammo_core.errors import ImageError

JPEG_2000 = {uid.JPEG2000Lossless, uid.JPEG2000}
HTJ2K = {uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K}
JPEG_LOSSLESS = {uid.JPEGLossless, uid.JPEGLosslessSV1}
JPEG_LOSSY = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit}
JPEG_LS = {uid.JPEGLSLossless, uid.JPEGLSNearLossless}
PLAIN = {
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
}
RLE = {uid.RLELossless}
COMPRESSED = JPEG_2000 | HTJ2K | JPEG_LOSSLESS | JPEG_LOSSY | JPEG_LS | RLE
SUPPORTED = COMPRESSED | PLAIN

_JPEG_2000_START = b"\xff\x4f\xff\x51"  # SOC and SIZ, ISO/IEC 15444-1 A.4.1
_SOF = {0xC0, 0xC1, 0xC2, 0xC3, 0xF7}  # the frame headers of JPEG and JPEG-LS


@dataclass(frozen=True)
class StreamSize:
    """What a compressed stream says of itself.

    Attributes:
        rows, columns: pixels.
        bits: precision of a sample.
        components: samples a pixel.
        signed: whether samples are.
        levels: JPEG 2000 wavelet levels; 0 for the others.
    """

    rows: int
    columns: int
    bits: int
    components: int
    signed: bool = False
    levels: int = 0


def stream_size(stream: bytes) -> StreamSize:
    """Read the size from the stream's own header, without decoding.

    Raises:
        ImageError: it isn't a JPEG, JPEG-LS or JPEG 2000 stream.
    """
    start = stream.find(_JPEG_2000_START, 0, 4096)
    try:
        if start >= 0:
            return _jpeg_2000_size(stream[start:])
        return _jpeg_size(stream)
    except (struct.error, IndexError):
        raise ImageError("damaged", "The compressed image has no readable header.") from None


def _jpeg_2000_size(stream: bytes) -> StreamSize:
    right, bottom, left, top = struct.unpack_from(">IIII", stream, 8)
    components, depth = struct.unpack_from(">HB", stream, 40)
    coding = stream.find(b"\xff\x52", 42, 42 + 4096)
    levels = stream[coding + 9] if coding > 0 else 0
    return StreamSize(bottom - top, right - left, (depth & 0x7F) + 1, components, bool(depth & 0x80), levels)


def _jpeg_size(stream: bytes) -> StreamSize:
    if stream[:2] != b"\xff\xd8":
        raise ImageError("damaged", "The compressed image doesn't begin like one of its kind.")
    position = 2
    while True:
        marker, length = struct.unpack_from(">HH", stream, position)
        if marker >> 8 != 0xFF:
            raise ImageError("damaged", "The compressed image has no readable header.")
        if marker & 0xFF in _SOF:
            bits, rows, columns, components = struct.unpack_from(">BHHB", stream, position + 4)
            return StreamSize(rows, columns, bits, components)
        position += 2 + length


def decode(stream: bytes, syntax: str, size: StreamSize, reduction: int) -> tuple[np.ndarray, int]:
    """Decode one frame.

    Args:
        stream: the frame's compressed bytes.
        syntax: transfer syntax UID.
        size: of the stream.
        reduction: how often the sides may be halved; only JPEG 2000 can.

    Returns:
        Stored values as the codec gives them, (rows, columns), and the reduction that was really done.

    Raises:
        ImageError: the decoder refuses the stream.
    """
    try:
        if syntax in JPEG_2000 and reduction and not size.signed:
            reduced = _decode_reduced(stream, size, min(reduction, size.levels))
            if reduced is not None:
                return reduced
        if syntax in JPEG_2000 | HTJ2K:
            return imagecodecs.jpeg2k_decode(stream), 0
        if syntax in JPEG_LS:
            return imagecodecs.jpegls_decode(stream), 0
        if syntax in JPEG_LOSSY and size.bits == 8:
            return imagecodecs.jpeg8_decode(stream), 0
        return imagecodecs.jpeg_decode(stream), 0
    except MemoryError:
        raise
    except (RuntimeError, ValueError, OSError) as error:
        raise ImageError(
            "damaged", f"The compressed image can't be decoded ({type(error).__name__})."
        ) from None


def _decode_reduced(stream: bytes, size: StreamSize, reduction: int) -> tuple[np.ndarray, int] | None:
    """Decode JPEG 2000 at 1/2**reduction, at a lower reduction where that fails, or return None.

    Pillow gets the bare codestream: with JP2 boxes around it, it doesn't shift 12-bit values up to 16 bits.
    """
    bare = stream[stream.find(_JPEG_2000_START) :]
    for halvings in range(reduction, 0, -1):
        try:
            with Image.open(io.BytesIO(bare)) as picture:
                picture.reduce = halvings
                values = np.asarray(picture)
        except (OSError, ValueError, SyntaxError):
            continue
        shift = 16 - size.bits if values.dtype != np.uint8 else 0
        return (values >> shift if shift else values), halvings
    return None
