"""Turn what NumPy raises on damaged files of arrays into one sentence."""

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import MammoError

# NumPy reads the header of an array with Python's own parser, and the members of an archive with zipfile.
DAMAGE = (
    OSError, EOFError, KeyError, ValueError, TypeError, NotImplementedError, MemoryError, zipfile.BadZipFile, zlib.error,
    tokenize.TokenError,
)  # fmt: skip


@contextmanager
def damaged_arrays(error: MammoError) -> Iterator[None]:
    """Raise an error where arrays can't be read within the block.

    Args:
        error: to raise; it says what is damaged, and what to do.
    """
    try:
        yield
    except MammoError:
        raise
    except DAMAGE:
        raise error from None
