"""Inflate a file that gzip has packed, such as 1.dcm.gz, up to a limit."""

import io
import zlib
from typing import BinaryIO

from mammo_core.errors import ImageError

MAGIC = b"\x1f\x8b"  # RFC 1952 2.3.1
_CHUNK = 2**20  # bytes that are read at once
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257


def inflate_gzip(stream: BinaryIO, limit: int) -> BinaryIO:
    """Return what a gzip file holds; another file is returned as it is.

    Args:
        stream: at its beginning; a gzip file is closed.
        limit: largest number of bytes that are inflated.

    Raises:
        ImageError: the file is damaged or inflates to more, or holds a tar archive.
    """
    magic = stream.read(len(MAGIC))
    stream.seek(0)
    if magic != MAGIC:
        return stream
    with stream:
        contents = _inflate(stream, limit)
    if contents[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
        raise ImageError("unsupported", "This is a packed tar archive. Unpack it with gzip first, or give its files.")
    return io.BytesIO(contents)


def _inflate(stream: BinaryIO, limit: int) -> bytes:
    contents, inflater = bytearray(), zlib.decompressobj(zlib.MAX_WBITS + 16)
    data = stream.read(_CHUNK)
    while data:
        try:
            contents += inflater.decompress(data, limit + 1 - len(contents))
        except zlib.error:
            raise ImageError("damaged", "The file is damaged within its gzip file.") from None
        if len(contents) > limit:
            raise ImageError("too_large", f"The file inflates to more than {limit / 1e6:,.1f} MB, which is the limit.")
        data = inflater.unconsumed_tail or inflater.unused_data or stream.read(_CHUNK)
        if inflater.eof and data.startswith(MAGIC):  # gzip files may follow each other (RFC 1952 2.2)
            inflater = zlib.decompressobj(zlib.MAX_WBITS + 16)
        elif inflater.eof:
            break
    if not inflater.eof:
        raise ImageError("damaged", "The file is damaged within its gzip file.")
    return bytes(contents)
