"""A file's frame → its stored values.

The values are decoded, have their sign, and contain no overlay.
"""

import numpy as np

from mammo_core.dicom import codecs, frames
from mammo_core.dicom.codecs import Decoded
from mammo_core.dicom.header import OVERLAY_BIT, Header
from mammo_core.errors import ImageError

UNUSED_BITS = "Some pixels have bits above the High Bit; they mean nothing and were left out."
SIGNED_STREAM = "The header calls the pixels unsigned, the compressed image signed; they were taken as signed."


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
    if in_cells(header):
        if header.syntax in codecs.NATIVE:
            data, notes = frames.native_frame(header, frame)
            cells = unpack_native(data, header)
        else:
            data, notes = frames.encapsulated_frame(header, frame)
            cells = codecs.decode_rle(data, shape, stored_dtype(header))
        values, dropped = drop_unused_bits(cells, header)
        return Decoded(values, 0, header.bits, header.signed, notes=(*notes, *([UNUSED_BITS] if dropped else [])))
    data, notes = frames.encapsulated_frame(header, frame)
    decoded = codecs.decode(data, header.syntax, shape, reduction, max_step=max_step, strict=strict)
    if decoded.bits > header.allocated:
        raise ImageError("damaged", "The compressed image has more bits per pixel than the header allows.")
    notes += decoded.notes
    if decoded.signed and not header.signed:
        return decoded._replace(notes=(*notes, SIGNED_STREAM))
    values = interpret_sign(decoded.values, decoded.bits, header.signed)
    return decoded._replace(values=extend_sign(values, header), signed=header.signed, notes=notes)


def in_cells(header: Header) -> bool:
    """Return whether each pixel has a cell of Bits Allocated (0028,0100).

    Some of its bits may mean nothing.

    The codecs of other syntaxes state the bits of their samples themselves.
    """
    return header.syntax in codecs.NATIVE or header.syntax in codecs.RLE


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


def drop_unused_bits(stored: np.ndarray, header: Header) -> tuple[np.ndarray, bool]:
    """Move the stored bits to the bottom and extend their sign.

    The other bits of a cell mean nothing (PS3.5 8.1.1): real files have signs that some pixels repeat there and others
    don't, overlays, and remains of other data. See High Bit (0028,0102).

    Returns:
        The values, and whether bits were dropped that are neither zeros, a repeated sign nor a declared overlay.
    """
    if header.bits == header.allocated:
        return stored, False
    shift = header.high + 1 - header.bits
    unsigned = (stored >> shift) & ((1 << header.bits) - 1)
    values = interpret_sign(unsigned.astype(stored_dtype(header).str.replace("i", "u")), header.bits, header.signed)
    values = values.astype(stored.dtype, copy=False)
    overlay = OVERLAY_BIT in header.dataset and int(header.dataset[OVERLAY_BIT].value or 0) > 0
    return values, not overlay and not shift and bool((values != stored).any())


def extend_sign(values: np.ndarray, header: Header) -> np.ndarray:
    """Extend the sign of signed values; it is the highest bit of Bits Stored."""
    if not header.signed or header.bits == header.allocated:
        return values
    return interpret_sign(values.astype(f"u{values.itemsize}"), header.bits, True)
