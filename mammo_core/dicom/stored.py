"""A file's frame → its stored values.

The values are decoded, have their sign, and contain no overlay.
"""

import numpy as np

from mammo_core.dicom import codecs, frames
from mammo_core.dicom.codecs import Decoded
from mammo_core.dicom.header import OVERLAY_BIT, Header
from mammo_core.errors import ImageError


def read_stored_values(
    header: Header, reduction: int = 0, *, max_step: float | None = None, strict: bool = False
) -> Decoded:
    """Decode the file's frame, the middle one of several.

    Args:
        header: of the file, its stream at the pixels.
        reduction: how often the sides may be halved while decoding.
        max_step: see `codecs.decode`.
        strict: see `codecs.decode`.

    Returns:
        Values as stored, and how they were decoded.

    Raises:
        ImageError: the pixels contradict the header or can't be decoded.
    """
    shape, frame = (header.rows, header.columns), header.frames // 2
    if header.syntax not in codecs.SUPPORTED:
        name = header.syntax.name if header.syntax.is_transfer_syntax else "that this file names"
        raise ImageError("unsupported", f"The transfer syntax {name} isn't supported.")
    if header.syntax in codecs.NATIVE or header.syntax in codecs.RLE:
        if header.syntax in codecs.NATIVE:
            values = unpack_native(frames.native_frame(header, frame), header)
        else:
            values = codecs.decode_rle(frames.encapsulated_frame(header, frame), shape, stored_dtype(header))
        return Decoded(extend_sign(drop_unused_bits(values, header), header), 0, header.bits, header.signed)
    data = frames.encapsulated_frame(header, frame)
    decoded = codecs.decode(data, header.syntax, shape, reduction, max_step=max_step, strict=strict)
    if decoded.bits > header.allocated:
        raise ImageError("damaged", "The compressed image has more bits per pixel than the header allows.")
    values = interpret_sign(decoded.values, decoded.bits, header.signed)
    return decoded._replace(values=extend_sign(values, header))


def unpack_native(frame: bytes, header: Header) -> np.ndarray:
    """Return the values of an uncompressed frame, (rows, columns).

    They have this machine's byte order and the header's sign.
    """
    shape = (header.rows, header.columns)
    if header.allocated == 1:
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")  # in either byte order (PS3.5 8.1.1)
        return bits[: header.rows * header.columns].reshape(shape)
    dtype = stored_dtype(header)
    values = np.frombuffer(frame, dtype.newbyteorder("<" if header.little else ">"))
    return values.reshape(shape).astype(dtype, copy=False)


def stored_dtype(header: Header) -> np.dtype:
    """Return the type of stored values.

    It follows from Bits Allocated (0028,0100) and Pixel Representation (0028,0103).
    """
    return np.dtype(f"{'i' if header.signed else 'u'}{header.allocated // 8}")


def interpret_sign(values: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Interpret the lowest bits as signed or unsigned, as the header states.

    Args:
        values: integers as the codec returns them.
        bits: precision of a sample; signed samples are two's complement.
        signed: Pixel Representation (0028,0103).
    """
    if signed == (values.dtype.kind == "i"):
        return values
    wide = values.astype(np.int32)
    if not signed:
        return wide & ((1 << bits) - 1)
    sign = 1 << (bits - 1)
    return (wide & ((sign << 1) - 1) ^ sign) - sign


def drop_unused_bits(stored: np.ndarray, header: Header) -> np.ndarray:
    """Move the stored bits to the bottom and drop an overlay above them.

    See High Bit (0028,0102) and Overlay Bit Position (60xx,0102). Unused bits that no overlay claims are kept: real
    files have values beyond Bits Stored (0028,0101).
    """
    shift = header.high + 1 - header.bits
    overlay = OVERLAY_BIT in header.dataset and int(header.dataset[OVERLAY_BIT].value or 0) > 0
    if not shift and not overlay:
        return stored
    unsigned = (stored >> shift) & ((1 << header.bits) - 1)
    return interpret_sign(unsigned.astype(stored_dtype(header).str.replace("i", "u")), header.bits, header.signed)


def extend_sign(values: np.ndarray, header: Header) -> np.ndarray:
    """Extend the sign of signed values whose unused bits don't repeat it.

    The sign is the highest bit of Bits Stored.
    """
    sign = 1 << (header.bits - 1)
    if not header.signed or header.bits == header.allocated or values.min() < 0 or values.max() < sign:
        return values
    return interpret_sign(values.astype(f"u{values.itemsize}"), header.bits, True)
