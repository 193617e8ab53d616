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
JP2_SIGNATURE = b"\0\0\0\x0cjP  "
FILL = (b"\xff", b" ")  # with which, besides zeros, some writers pad to an even length
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


def parse(stream: bytes) -> Codestream:
    """Parse a stream's header and check that the stream is complete.

    Args:
        stream: one frame. Zeros may follow its end, as DICOM pads to even length.

    Raises:
        ImageError: the stream isn't JPEG, JPEG-LS or JPEG 2000, ends early, or other data follow it.
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
    return Codestream(stream[:end], bottom - top, right - left, bits, components, signed, levels)


def _end_of_tile_parts(stream: bytes, position: int) -> int:
    """Return the position where the tile parts (T.800 A.4.2) end."""
    for _ in range(MAX_SEGMENTS):
        (marker,) = struct.unpack_from(">H", stream, position)
        if marker == EOC:
            rest = stream[position + 2 :]
            if rest.strip(b"\0") and rest not in FILL:
                raise _damaged("something follows its end")
            return position + 2
        (length,) = struct.unpack_from(">I", stream, position + 6)
        if marker != SOT or 0 < length < 14:
            raise _damaged("its tile parts don't follow each other")
        if length == 0:  # the last one, up to the end marker
            return _marked_end(stream, EOC)
        position += length
    raise _damaged("it has too many tile parts")


def _marked_end(stream: bytes, marker: int) -> int:
    """Return the position after the end marker.

    Zeros, or one fill byte, may follow it.
    """
    bare = len(stream.rstrip(b"\0"))
    if stream[bare - 3 : bare] == marker.to_bytes(2) + b"\xff":
        bare -= 1
    if stream[bare - 2 : bare] != marker.to_bytes(2):
        raise _damaged("it is cut off, or something follows its end")
    return bare


def _jpeg(stream: bytes) -> Codestream:
    end = _marked_end(stream, EOI)
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
    markers = _markers(stream, position, end)
    if np.count_nonzero(markers == EOI & 0xFF) > 1:  # never within coded data (T.81 B.1.1.5)
        raise _damaged("something follows its end")
    if not restarts and ((markers & 0xF8) == RESTARTS).any():
        raise _damaged("its coded data are interrupted")
    start, kind, bits, rows, columns, components = frame
    return Codestream(
        stream[:end], rows, columns, bits, components, lossless_jpeg=kind == 0xFFC3, frame=start, scan=position
    )


def _markers(stream: bytes, start: int, end: int) -> np.ndarray:
    """Return the second byte of everything that looks like a marker.

    A 0 follows a coded 0xFF (T.81 B.1.1.5).
    """
    data = np.frombuffer(stream, np.uint8, end - start, start)
    return data[np.flatnonzero(data[:-1] == 0xFF) + 1]
