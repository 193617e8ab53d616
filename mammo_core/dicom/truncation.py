"""Reduce a JPEG 2000 codestream by its main header (T.800 annexes A and B).

A codestream stores its resolutions one after the other, and each coefficient's bits from the highest on. If the header
announces fewer wavelet levels, or fewer bit planes, any decoder skips the rest, which is most of its work.
"""

import struct
from collections.abc import Iterator

SIZ, COD, QCD, SOT, SOD = 0xFF51, 0xFF52, 0xFF5C, 0xFF90, 0xFF93
HARMLESS = {0xFF55, 0xFF57, 0xFF58, 0xFF63, 0xFF64}  # TLM, PLM, PLT, CRG and COM: lengths, positions and comments
LRCP, RLCP, RPCL = 0, 1, 2  # progressions; the last two, and the first with one layer, store resolutions in order
REVERSIBLE, HIGH_THROUGHPUT = 1, 0x40
SOT_LENGTH = 12  # bytes
EOC = b"\xff\xd9"
SPARE_BITS = 8  # that a coefficient may take beyond a sample's bits
SPARE_BYTES = 1 << 14  # for the packet headers of an image

Segment = tuple[int, bytearray]  # marker, and the bytes after it: length and contents


def truncate_codestream(data: bytes, halvings: int, planes: int = 0) -> bytes | None:
    """Return the codestream of a smaller image with fewer bits.

    Its sides are 1/2**halvings of the original's, and its values are divided by 2**planes.

    Args:
        data: a complete codestream of one component.
        halvings: 0 to the number of its wavelet levels.
        planes: number of lowest bit planes of every coefficient to leave out, fewer than the samples have bits. The
            quotient is off by about one.

    Returns:
        The smaller codestream, or None where changing the header isn't enough: another order of packets, parameters
        that differ between tiles, tiles that can't be halved so often, quantised coefficients (bit planes only),
        high-throughput coding.
    """
    segments, start = _main_header(data)
    known = {marker: body for marker, body in segments if marker not in HARMLESS}
    if sorted(known) != [SIZ, COD, QCD] or not all(marker in HARMLESS for marker in _tile_markers(data, start)):
        return None
    fits = _shrink_size(known[SIZ], halvings, planes) and _shrink_coding(known[COD], halvings, planes)
    if not fits or not _shrink_quantisation(known[QCD], halvings, planes):
        return None
    header = [struct.pack(">H", marker) + body for marker, body in segments]
    return b"".join([data[:2], *header, *_needed_data(data, start, known[SIZ])])


def _main_header(data: bytes) -> tuple[list[Segment], int]:
    """Return the segments before the first tile part, and the position of the latter."""
    segments, position = [], 2
    while (marker := struct.unpack_from(">H", data, position)[0]) != SOT:
        (length,) = struct.unpack_from(">H", data, position + 2)
        segments.append((marker, bytearray(data[position + 2 : position + 2 + length])))
        position += 2 + length
    return segments, position


def _tile_markers(data: bytes, position: int) -> Iterator[int]:
    """Yield the markers between SOT and SOD of every tile part."""
    while struct.unpack_from(">H", data, position)[0] == SOT:
        (length,) = struct.unpack_from(">I", data, position + 6)
        inside = position + SOT_LENGTH
        while (marker := struct.unpack_from(">H", data, inside)[0]) != SOD:
            yield marker
            inside += 2 + struct.unpack_from(">H", data, inside + 2)[0]
        if not length:
            return
        position += length


def _needed_data(data: bytes, start: int, size: bytearray) -> list[bytes | memoryview]:
    """Return the coded data that the smaller image can need.

    The rest isn't copied. The amount is known if there is one tile in one part: no coder spends more than a sample's
    bits and a few on a coefficient.
    """
    right, bottom = struct.unpack_from(">II", size, 4)
    (length,) = struct.unpack_from(">I", data, start + 6)
    limit = SOT_LENGTH + right * bottom * ((size[38] & 0x7F) + SPARE_BITS) // 8 + SPARE_BYTES
    if length <= limit or data[start + length : start + length + 2] != EOC:
        return [memoryview(data)[start:]]
    return [data[start : start + 6], struct.pack(">I", limit), memoryview(data)[start + 10 : start + limit], EOC]


def _shrink_size(body: bytearray, halvings: int, planes: int) -> bool:
    """Halve image and tiles in SIZ (T.800 A.5.1) and lower the precision.

    It returns whether that is possible.
    """
    right, bottom, left, top, width, height, first, second = struct.unpack_from(">8I", body, 4)
    step = 1 << halvings
    divisible = (width >= right or width % step == 0) and (height >= bottom or height % step == 0)
    if left or top or first or second or not divisible or body[38] < planes:
        return False
    struct.pack_into(">8I", body, 4, *(-(-side // step) for side in (right, bottom, 0, 0, width, height, 0, 0)))
    body[38] -= planes
    return True


def _shrink_coding(body: bytearray, halvings: int, planes: int) -> bool:
    """Lower the levels in COD (T.800 A.6.1) and drop unused precincts.

    It returns whether that is possible.
    """
    own_precincts, order, layers, levels = body[2] & 1, body[3], struct.unpack_from(">H", body, 4)[0], body[7]
    style, transformation = body[10], body[11]
    in_order = order in (RLCP, RPCL) or (order == LRCP and layers == 1)
    if not in_order or halvings > levels or style & HIGH_THROUGHPUT or (planes and transformation != REVERSIBLE):
        return False
    body[7] -= halvings
    if own_precincts and halvings:
        del body[-halvings:]
    struct.pack_into(">H", body, 0, len(body))
    return True


def _shrink_quantisation(body: bytearray, halvings: int, planes: int) -> bool:
    """Drop unused bands from QCD (T.800 A.6.4), lower the others' exponents.

    It returns whether that is possible.
    """
    style = body[2] & 0x1F
    if style == 1:  # one step for all bands
        return not planes
    bands = 3 * halvings * (1 if style == 0 else 2)
    if len(body) - 3 <= bands or (planes and style != 0):
        return False
    if bands:
        del body[-bands:]
    struct.pack_into(">H", body, 0, len(body))
    if planes and min(body[3:]) >> 3 <= planes:
        return False
    body[3:] = bytes(exponent - (planes << 3) for exponent in body[3:])
    return True
