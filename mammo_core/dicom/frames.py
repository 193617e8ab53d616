"""The bytes of one frame.

A frame is native (PS3.5 8.1) or encapsulated in fragments (PS3.5 A.4). No other frame is read.
"""

import struct
from typing import BinaryIO, NamedTuple

import numpy as np
from pydicom import uid

from mammo_core.dicom.header import UNDEFINED, Header
from mammo_core.errors import ImageError

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
MAX_FRAGMENTS = 1_000_000
MAX_DEPTH = 16  # of sequences within each other
LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")  # lengths of 32 bits
START_MARKERS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")  # JPEG, JPEG 2000, JPEG 2000 in boxes

Fragment = tuple[int, int]  # start in the stream, and length, in bytes


class Frame(NamedTuple):
    """One frame's bytes.

    Attributes:
        data: as stored or compressed.
        notes: sentences about what was unusual around them.
    """

    data: bytes
    notes: tuple[str, ...]


def native_frame(header: Header, frame: int) -> Frame:
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
    notes = _check_length(header, start, needed)
    if header.frames > 1 and bits % 8:
        raise ImageError("unsupported", "Several frames of single bits aren't supported.")
    notes += _check_end(header, _native_end(header, start))
    first, length = frame * bits // 8, (bits + 7) // 8
    if not header.swapped:
        return Frame(_read(header.stream, start + first, length), notes)
    words = np.frombuffer(_read(header.stream, start + first // 2 * 2, (first % 2 + length + 1) // 2 * 2), np.uint16)
    return Frame(words.byteswap().tobytes()[first % 2 :][:length], notes)


def _check_length(header: Header, start: int, needed: int) -> tuple[str, ...]:
    """Check the number of bytes.

    One byte of any value may fill an odd number up (PS3.5 8.1.1), and zeros may follow, because some writers fill whole
    blocks.

    Returns:
        A note about what follows the pixels, if anything does.

    Raises:
        ImageError: the header and the pixels contradict each other.
    """
    surplus = (header.length or 0) - needed
    if surplus < 0:
        raise ImageError("damaged", "The file holds fewer bytes of pixels than its header demands.")
    rest = _read(header.stream, start + needed, surplus)
    if rest[needed % 2 :].strip(b"\0"):
        raise ImageError("damaged", "The file holds more bytes of pixels than its header demands.")
    if surplus == needed % 2 and not rest.strip(b"\0"):  # as the standard demands
        return ()
    return (f"{surplus:,} bytes fill up the pixels of the file; they were ignored.",)


def _native_end(header: Header, start: int) -> int:
    """Return the position after the pixels.

    Some writers put a byte behind an odd length; it counts as theirs.
    """
    end = start + (header.length or 0)
    return header.size if (header.length or 0) % 2 and end + 1 == header.size else end


def encapsulated_frame(header: Header, frame: int) -> Frame:
    """Read one compressed frame.

    Raises:
        ImageError: the fragments are cut off, contradict the header, or other data follow them.
    """
    if header.length is not None:
        raise ImageError("damaged", "The header says that the pixels are compressed, but they aren't in fragments.")
    table, fragments, end, notes = _fragments(header)
    notes += _check_end(header, end)
    frame_fragments = _fragments_of_frame(header, table, fragments, frame)
    return Frame(b"".join(_read(header.stream, *fragment) for fragment in frame_fragments), notes)


def _fragments(header: Header) -> tuple[bytes, list[Fragment], int, tuple[str, ...]]:
    """Return the Basic Offset Table, the fragments, their end position, and notes."""
    stream = header.stream
    items: list[Fragment] = []
    for _ in range(MAX_FRAGMENTS):
        head = stream.read(8)
        if len(head) < 8:
            raise ImageError("damaged", "The file is cut off: its compressed image has no end.")
        group, element, length = struct.unpack("<HHI", head)
        tag, start = group << 16 | element, stream.tell()
        if tag == SEQUENCE_END and length in (0, UNDEFINED) and items:
            notes = ("The end of the image has an undefined length; it was taken as 0.",) if length else ()
            return _read(stream, *items[0]), items[1:], start, notes
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


def _check_end(header: Header, end: int) -> tuple[str, ...]:
    """Check that only data elements follow the pixels; zeros may fill the last block.

    Returns:
        A note about elements of undefined length, if there are any.

    Raises:
        ImageError: something else follows.
    """
    stream = header.stream
    position, last = end, 0x7FE00010
    notes: tuple[str, ...] = ()
    while position + 8 <= header.size:
        stream.seek(position)
        head = stream.read(12)
        if not head.strip(b"\0"):
            break
        tag, _, length, _ = _element(head, position, header)
        if tag <= last:
            raise _foreign_data()
        if length == UNDEFINED:
            notes = ("Sequences of undefined length follow the image; they were ignored.",)
        position, last = _after(head, position, header), tag
    stream.seek(min(position, header.size))
    if position > header.size or any(part.strip(b"\0") for part in iter(lambda: stream.read(1 << 20), b"")):
        raise _foreign_data()
    return notes


def _foreign_data() -> ImageError:
    return ImageError("damaged", "The file is damaged: something that isn't DICOM follows its image.")


def _element(head: bytes, position: int, header: Header, implicit: bool = False) -> tuple[int, bytes, int, int]:
    """Return tag, VR and length of an element, and where its value starts."""
    order = "<" if header.little else ">"
    group, element, length = struct.unpack_from(order + "HHI", head)
    tag, vr, size = group << 16 | element, b"", 8
    if not implicit and header.syntax != uid.ImplicitVRLittleEndian and group != ITEM >> 16:
        vr = head[4:6]
        if vr in LONG:
            length, size = struct.unpack_from(order + "I", head, 8)[0] if len(head) == 12 else 0, 12
        else:
            (length,) = struct.unpack_from(order + "H", head, 6)
    return tag, vr, length, position + size


def _after(head: bytes, position: int, header: Header, implicit: bool = False, depth: int = 0) -> int:
    """Return the position after an element, also a sequence of undefined length.

    Raises:
        ImageError: the sequence isn't one, or has no end.
    """
    _, vr, length, start = _element(head, position, header, implicit)
    if length != UNDEFINED:
        return start + length
    if vr not in (b"SQ", b"UN", b"") or depth > MAX_DEPTH:
        raise _foreign_data()
    implicit, position = implicit or vr == b"UN", start  # PS3.5 6.2.2: such UN values are implicit
    while True:
        tag, _, length, start = _element(_head(header, position), position, header, implicit)
        if tag == SEQUENCE_END and length == 0:
            return start
        if tag != ITEM:
            raise _foreign_data()
        position = start + length if length != UNDEFINED else _after_item(start, header, implicit, depth)


def _after_item(position: int, header: Header, implicit: bool, depth: int) -> int:
    """Return the position after an item of undefined length.

    Its first element is at `position`.
    """
    while True:
        head = _head(header, position)
        tag, _, length, start = _element(head, position, header, implicit)
        if tag == ITEM_END and length == 0:
            return start
        position = _after(head, position, header, implicit, depth + 1)


def _head(header: Header, position: int) -> bytes:
    """Read the start of an element.

    Raises:
        ImageError: the file ends before.
    """
    head = _read(header.stream, position, 12)
    if len(head) < 8:
        raise _foreign_data()
    return head
