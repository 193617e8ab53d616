"""The bytes of one frame.

A frame is native (PS3.5 8.1) or encapsulated in fragments (PS3.5 A.4). No other frame is read.
"""

import struct
from typing import BinaryIO

import numpy as np
from pydicom import uid

from mammo_core.dicom.header import Header
from mammo_core.errors import ImageError

ITEM, SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD
MAX_FRAGMENTS = 1_000_000
START_MARKERS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")  # JPEG, JPEG 2000, JPEG 2000 in boxes

Fragment = tuple[int, int]  # start in the stream, and length, in bytes


def native_frame(header: Header, frame: int) -> bytes:
    """Read one uncompressed frame.

    Raises:
        ImageError: there are more or fewer bytes than the header demands.
    """
    if header.length is None:
        raise ImageError("damaged", "The header says that the pixels aren't compressed, but they are in fragments.")
    bits = header.rows * header.columns * header.allocated
    needed = (bits * header.frames + 7) // 8
    if header.swapped:
        needed += needed % 2  # pixels come in words of two bytes
    start = header.stream.tell()
    _check_length(header, start, needed)
    if header.frames > 1 and bits % 8:
        raise ImageError("unsupported", "Several frames of single bits aren't supported.")
    _check_end(header, start + header.length)
    first, length = frame * bits // 8, (bits + 7) // 8
    if not header.swapped:
        return _read(header.stream, start + first, length)
    words = np.frombuffer(_read(header.stream, start + first // 2 * 2, (first % 2 + length + 1) // 2 * 2), np.uint16)
    return words.byteswap().tobytes()[first % 2 :][:length]


def _check_length(header: Header, start: int, needed: int) -> None:
    """Check the number of bytes.

    Up to one row of zeros may follow, because some writers pad pixels with it.

    Raises:
        ImageError: the header and the pixels contradict each other.
    """
    surplus = (header.length or 0) - needed
    if surplus < 0:
        raise ImageError("damaged", "The file holds fewer bytes of pixels than its header demands.")
    row_bytes = max(1, header.columns * header.allocated // 8)
    if surplus > row_bytes or _read(header.stream, start + needed, surplus).strip(b"\0"):
        raise ImageError("damaged", "The file holds more bytes of pixels than its header demands.")


def encapsulated_frame(header: Header, frame: int) -> bytes:
    """Read one compressed frame.

    Raises:
        ImageError: the fragments are cut off, contradict the header, or other data follow them.
    """
    if header.length is not None:
        raise ImageError("damaged", "The header says that the pixels are compressed, but they aren't in fragments.")
    table, fragments, end = _fragments(header)
    _check_end(header, end)
    frame_fragments = _fragments_of_frame(header, table, fragments, frame)
    return b"".join(_read(header.stream, *fragment) for fragment in frame_fragments)


def _fragments(header: Header) -> tuple[bytes, list[Fragment], int]:
    """Return the Basic Offset Table, the fragments, and their end position."""
    stream = header.stream
    items: list[Fragment] = []
    for _ in range(MAX_FRAGMENTS):
        head = stream.read(8)
        if len(head) < 8:
            raise ImageError("damaged", "The file is cut off: its compressed image has no end.")
        group, element, length = struct.unpack("<HHI", head)
        tag, start = group << 16 | element, stream.tell()
        if tag == SEQUENCE_END and length == 0 and items:
            return _read(stream, *items[0]), items[1:], start
        if tag != ITEM:
            raise ImageError("damaged", "The file is damaged: the fragments of its image don't follow each other.")
        if start + length > header.size:
            raise ImageError("damaged", "The file is cut off: it ends before its image does.")
        items.append((start, length))
        stream.seek(start + length)
    raise ImageError("damaged", "The image is in more fragments than any real file has.")


def _fragments_of_frame(header: Header, table: bytes, fragments: list[Fragment], frame: int) -> list[Fragment]:
    """Return the fragments of one frame."""
    if header.frames == 1:
        if len(table) > 4:
            raise _frames_disagree()
        return fragments
    firsts = _first_fragments(header, table, fragments)
    if len(firsts) != header.frames or firsts[0] != 0 or sorted(set(firsts)) != firsts:
        raise _frames_disagree()
    ends = [*firsts[1:], len(fragments)]
    return fragments[firsts[frame] : ends[frame]]


def _first_fragments(header: Header, table: bytes, fragments: list[Fragment]) -> list[int]:
    """Return the index of each frame's first fragment.

    It comes from an offset table; without one, each fragment is a frame, or a frame begins at each start marker.
    """
    extended = header.dataset.get("ExtendedOffsetTable") or b""
    words = struct.iter_unpack("<Q", extended) if extended else struct.iter_unpack("<I", table)
    offsets = [offset for (offset,) in words]
    if offsets:
        indices = {start - fragments[0][0]: index for index, (start, _) in enumerate(fragments)}
        if len(offsets) != header.frames or not set(offsets) <= set(indices):
            raise _frames_disagree()
        return [indices[offset] for offset in offsets]
    if len(fragments) == header.frames:
        return list(range(header.frames))
    starts = [_read(header.stream, start, min(length, 12)) for start, length in fragments]
    return [index for index, start in enumerate(starts) if start.startswith(START_MARKERS)]


def _frames_disagree() -> ImageError:
    return ImageError("damaged", "The file doesn't hold as many frames as its header says.")


def _read(stream: BinaryIO, start: int, length: int) -> bytes:
    stream.seek(start)
    return stream.read(length)


def _check_end(header: Header, end: int) -> None:
    """Check that only data elements follow the pixels; zeros may fill the last block.

    Raises:
        ImageError: something else follows.
    """
    stream = header.stream
    position, last = end, 0x7FE00010
    while position + 8 <= header.size:
        stream.seek(position)
        head = stream.read(12)
        if not head.strip(b"\0"):
            break
        position, last = _next_element(head, position, last, header)
    stream.seek(min(position, header.size))
    if position > header.size or any(part.strip(b"\0") for part in iter(lambda: stream.read(1 << 20), b"")):
        raise ImageError("damaged", "The file is damaged: something that isn't DICOM follows its image.")


def _next_element(head: bytes, position: int, last: int, header: Header) -> tuple[int, int]:
    """Return the position after the element at `position`, and the element's tag."""
    order = "<" if header.little else ">"
    group, element, length = struct.unpack_from(order + "HHI", head)
    tag, size = group << 16 | element, 8
    if header.syntax != uid.ImplicitVRLittleEndian:
        if head[4:6] in (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"):
            length, size = struct.unpack_from(order + "I", head, 8)[0] if len(head) == 12 else 0, 12
        else:
            (length,) = struct.unpack_from(order + "H", head, 6)
    if tag <= last or length == 0xFFFFFFFF:  # only trailing padding may follow, and that has a length
        raise ImageError("damaged", "The file is damaged: something that isn't DICOM follows its image.")
    return position + size + length, tag
