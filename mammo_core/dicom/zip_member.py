"""A file within a zip file, still compressed.

The worker that reads it inflates it, up to a limit.
"""

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mammo_core.dicom.opened_files import open_file
from mammo_core.errors import ImageError

STORED, DEFLATED, UNREADABLE = 0, 8, -1  # compression methods (APPNOTE 4.4.5); UNREADABLE stands for all others


@dataclass(frozen=True)
class ZipMember:
    """One member of a zip file.

    In memory it is a position in the whole zip file, which all members share. Only its own bytes go to a worker.

    Attributes:
        source: the zip file: its path, or its contents.
        start, length: position and number of its compressed bytes in `source`.
        method: `STORED` or `DEFLATED`; others can't be read.
        size: bytes after inflation, as the zip file's directory states; never more are inflated.
    """

    source: Path | bytes = field(repr=False)
    start: int
    length: int
    method: int
    size: int

    def unpack(self) -> bytes:
        """Return the member's contents.

        Raises:
            ImageError: the member is cut off, doesn't have the stated size, is encrypted, or is compressed in another way.
        """
        if self.method not in (STORED, DEFLATED):
            raise ImageError(
                "unsupported", "The file is encrypted within its zip file, or compressed in an unusual way."
            )
        data = self._compressed()
        if self.method == STORED:
            contents, complete = data, True
        else:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                contents = inflater.decompress(data, self.size + 1)
            except zlib.error:
                raise _damaged() from None
            complete = inflater.eof
        if not complete or len(contents) != self.size:
            raise _damaged()
        return contents

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the member's own bytes, or its position on disk."""
        if isinstance(self.source, bytes):
            return ZipMember, (self._compressed(), 0, self.length, self.method, self.size)
        return ZipMember, (self.source, self.start, self.length, self.method, self.size)

    def _compressed(self) -> bytes:
        if isinstance(self.source, bytes):
            return self.source[self.start : self.start + self.length]
        with open_file(self.source) as stream:
            stream.seek(self.start)
            return stream.read(self.length)


def _damaged() -> ImageError:
    return ImageError("damaged", "The file is damaged within its zip file.")
