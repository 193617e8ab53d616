"""A file within a zip file, as it lies there: whoever reads it inflates it, with a bound, in a worker that may die."""

import zlib
from dataclasses import dataclass, field

from mammo_core.errors import ImageError

STORED, DEFLATED = 0, 8  # compression methods (APPNOTE 4.4.5)


@dataclass(frozen=True)
class Packed:
    """One member of a zip file.

    Attributes:
        data: its bytes, still compressed.
        method: `STORED` or `DEFLATED`.
        size: bytes that the zip file's directory announces; never more are inflated.
    """

    data: bytes = field(repr=False)
    method: int
    size: int

    def unpack(self) -> bytes:
        """Return the member's contents.

        Raises:
            ImageError: it is cut off, or has another size than announced.
        """
        if self.method == STORED:
            contents, whole = self.data, True
        else:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                contents = inflater.decompress(self.data, self.size + 1)
            except zlib.error:
                raise _damaged() from None
            whole = inflater.eof
        if not whole or len(contents) != self.size:
            raise _damaged()
        return contents


def _damaged() -> ImageError:
    return ImageError("damaged", "The file is damaged within its zip file.")
