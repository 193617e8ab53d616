"""Parse the header of a compressed stream before any decoder runs.

JPEG: ITU-T T.81 annex B; JPEG-LS: T.87 annex C; JPEG 2000: T.800 annexes A and I.
"""

import struct
from dataclasses import dataclass

import numpy as np

from mammo_core.errors import ImageError

EOI, SOS, DRI = 0xFFD9, 0xFFDA, 0xFFDD
RESTARTS = 0xD0  # to 0xD7: second bytes of restart markers
SOF = {0xFFC0, 0xFFC1, 0xFFC2, 0xFFC3, 0xFFF7}  # baseline, extended, progressive, lossless, JPEG-LS
COD, SOT, EOC = 0xFF52, 0xFF90, 0xFFD9
SOD, JPEG_LS_FRAME = b"\xff\x93", 0xFFF7
SEGMENTS = {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xF8, 0xFE, *range(0xE0, 0xF0)}  # markers with a length between scans
JP2_SIGNATURE = b"\0\0\0\x0cjP  "
MAX_SEGMENTS = 100_000  # tile parts and markers; a real stream has a few


@dataclass(frozen=True)
class Codestream:
    """A compressed stream without padding and boxes, and the contents of its header.

    Attributes:
        data: the bytes, from the start marker to the end marker.
        rows, columns: in pixels.
        bits: precision of a sample.
        components: samples per pixel.
        signed: whether samples are signed; JPEG 2000 only.
        levels: wavelet decompositions; 0 if there are none.
        lossless_jpeg: whether the frame is JPEG process 14.
        frame, scan: positions of the frame header and of the first scan header of a JPEG stream; 0 for JPEG 2000.
        surplus: how many bytes other than zeros and one fill byte followed the end marker; they aren't in `data`.
    """

    data: bytes
    rows: int
    columns: int
    bits: int
    components: int
    signed: bool = False
    levels: int = 0
    lossless_jpeg: bool = False
    frame: int = 0
    scan: int = 0
    surplus: int = 0


def parse(stream: bytes) -> Codestream:
    """Parse a stream's header and check that the stream is complete.

    Args:
        stream: one frame. Zeros may follow its end, as DICOM pads to even length, or stale bytes of the writer's buffer.

    Raises:
        ImageError: the stream isn't JPEG, JPEG-LS or JPEG 2000, or ends early.
    """
    try:
        if stream.startswith(JP2_SIGNATURE):
            stream = _unboxed(stream)
        if stream.startswith(b"\xff\x4f\xff\x51"):
            return _jpeg_2000(stream)
        if stream.startswith(b"\xff\xd8"):
            return _jpeg(stream)
    except struct.error:
        raise _damaged("it ends within its header") from None
    raise _damaged("it doesn't begin like a JPEG or JPEG 2000 stream")


def _damaged(why: str) -> ImageError:
    return ImageError("damaged", f"The compressed image is damaged: {why}.")


def _unboxed(stream: bytes) -> bytes:
    """Return the codestream within JP2 boxes (T.800 I.4)."""
    position = 0
    for _ in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", stream, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", stream, start)
            start += 8
        end = position + length if length else len(stream)
        if end < start or end > len(stream):
            raise _damaged("one of its boxes reaches beyond its end")
        if kind == b"jp2c":
            return stream[start:end]
        position = end
    raise _damaged("it has too many boxes")


def _jpeg_2000(stream: bytes) -> Codestream:
    size, _, right, bottom, left, top = struct.unpack_from(">HHIIII", stream, 4)
    components, depth, across, down = struct.unpack_from(">HBBB", stream, 40)
    if (across, down) != (1, 1) or right <= left or bottom <= top:
        raise _damaged("its size makes no sense")
    position, levels = 4 + size, 0
    for _ in range(MAX_SEGMENTS):
        marker, length = struct.unpack_from(">HH", stream, position)
        if marker == SOT:
            break
        if marker < 0xFF00 or length < 2:
            raise _damaged("its header is broken")
        if marker == COD:
            levels = struct.unpack_from(">B", stream, position + 9)[0]
        position += 2 + length
    end = _end_of_tile_parts(stream, position)
    bits, signed = (depth & 0x7F) + 1, bool(depth & 0x80)
    surplus = _count_surplus(stream, end)
    return Codestream(stream[:end], bottom - top, right - left, bits, components, signed, levels, surplus=surplus)


def _end_of_tile_parts(stream: bytes, position: int) -> int:
    """Return the position where the tile parts (T.800 A.4.2) end."""
    for _ in range(MAX_SEGMENTS):
        (marker,) = struct.unpack_from(">H", stream, position)
        if marker == EOC:
            return position + 2
        (length,) = struct.unpack_from(">I", stream, position + 6)
        if marker != SOT or 0 < length < 14:
            raise _damaged("its tile parts don't follow each other")
        if length == 0:  # the last one, up to the end marker
            return _first_eoc(stream, position)
        position += length
    raise _damaged("it has too many tile parts")


def _first_eoc(stream: bytes, position: int) -> int:
    """Return the position after the end marker of the tile part at `position`.

    Coded data never contain it (T.800 B.10.1 and C.2.1).
    """
    data = stream.find(SOD, position)
    end = stream.find(EOC.to_bytes(2), data)
    if data < 0 or end < 0:
        raise _damaged("it is cut off")
    return end + 2


def _count_surplus(stream: bytes, end: int) -> int:
    """Return the number of bytes that follow a stream.

    It is 0 if they only fill it to an even length.
    """
    rest = stream[end:].rstrip(b"\0")
    return len(rest) if len(rest) > 1 else 0


def _jpeg(stream: bytes) -> Codestream:
    position, frame, restarts = 2, None, False
    for _ in range(MAX_SEGMENTS):
        marker, length = struct.unpack_from(">HH", stream, position)
        if marker == 0xFFFF:  # fill byte (T.81 B.1.1.2)
            position += 1
            continue
        if marker == SOS:
            break
        if marker < 0xFF01 or length < 2 or (marker in SOF and frame):
            raise _damaged("its header is broken")
        if marker == DRI:
            restarts = True
        if marker in SOF:
            frame = (position, marker, *struct.unpack_from(">BHHB", stream, position + 4))
        position += 2 + length
    if frame is None:
        raise _damaged("it has no frame header")
    end = _end_of_scans(stream, position, 0x80 if frame[1] == JPEG_LS_FRAME else 1)
    markers = _markers(stream, position, end)
    if not restarts and ((markers & 0xF8) == RESTARTS).any():
        raise _damaged("its coded data are interrupted")
    start, kind, bits, rows, columns, components = frame
    return Codestream(
        stream[:end],
        rows,
        columns,
        bits,
        components,
        lossless_jpeg=kind == 0xFFC3,
        frame=start,
        scan=position,
        surplus=_count_surplus(stream, end),
    )


def _end_of_scans(stream: bytes, position: int, first_marker: int) -> int:
    """Return the position after the end marker of a JPEG stream.

    Coded data never contain it (T.81 B.1.1.5); the segments between scans may.

    Args:
        stream: a JPEG or JPEG-LS stream, and what follows it.
        position: of the first scan header.
        first_marker: second bytes below it follow a coded 0xFF (T.87 A.1 for JPEG-LS).
    """
    data = np.frombuffer(stream, np.uint8, offset=position)
    markers = np.flatnonzero(data[:-1] == 0xFF)
    kinds = data[markers + 1]
    known = (kinds >= first_marker) & np.isin(kinds, [EOI & 0xFF, *SEGMENTS])
    start = position
    for offset, kind in zip(markers[known].tolist(), kinds[known].tolist(), strict=True):
        if start + offset < position:  # within a segment
            continue
        position = start + offset + 2
        if kind == EOI & 0xFF:
            return position
        position += struct.unpack_from(">H", stream, position)[0]
    raise _damaged("it is cut off")


def _markers(stream: bytes, start: int, end: int) -> np.ndarray:
    """Return the second byte of everything that looks like a marker.

    A 0 follows a coded 0xFF (T.81 B.1.1.5).
    """
    data = np.frombuffer(stream, np.uint8, end - start, start)
    return data[np.flatnonzero(data[:-1] == 0xFF) + 1]
