"""A file within a zip file, as it lies there: whoever reads it inflates it, with a bound, in a worker that may die."""

import zlib
from dataclasses import dataclass, field
from pathlib import Path

from mammo_core.errors import ImageError

STORED, DEFLATED, UNREADABLE = 0, 8, -1  # compression methods (APPNOTE 4.4.5), and all others


@dataclass(frozen=True)
class ZipMember:
    """One member of a zip file.

    Attributes:
        source: the zip file, or a part of it in memory.
        start, length: where its bytes lie in there, still compressed.
        method: `STORED` or `DEFLATED`; anything else can't be read.
        size: bytes that the zip file's directory announces; never more are inflated.
    """

    source: Path | bytes = field(repr=False)
    start: int
    length: int
    method: int
    size: int

    def unpack(self) -> bytes:
        """Return the member's contents.

        Raises:
            ImageError: it is cut off, has another size than announced, is encrypted, or compressed in another way.
        """
        if self.method not in (STORED, DEFLATED):
            raise ImageError(
                "unsupported", "The file is encrypted within its zip file, or compressed in an unusual way."
            )
        data = self._packed()
        if self.method == STORED:
            contents, whole = data, True
        else:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                contents = inflater.decompress(data, self.size + 1)
            except zlib.error:
                raise _damaged() from None
            whole = inflater.eof
        if not whole or len(contents) != self.size:
            raise _damaged()
        return contents

    def _packed(self) -> bytes:
        if isinstance(self.source, bytes):
            return self.source[self.start : self.start + self.length]
        with self.source.open("rb") as stream:
            stream.seek(self.start)
            return stream.read(self.length)


def _damaged() -> ImageError:
    return ImageError("damaged", "The file is damaged within its zip file.")
