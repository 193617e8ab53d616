"""Describe sizes on disk, and recognise a full disk in any error."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import JobError

NO_SPACE_TEXT = os.strerror(errno.ENOSPC)


def format_bytes(number: int) -> str:
    """Return a number of bytes in megabytes, for people."""
    return f"{number / 1e6:,.1f} MB"


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or one of its causes, is due to a full disk.

    HDF5 and TensorFlow give the reason only in the message; TensorFlow's exception type is the one for exhausted memory.
    """
    return any(getattr(cause, "errno", None) == errno.ENOSPC or NO_SPACE_TEXT in str(cause) for cause in chain(error))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes, the error first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def full_disk_named(name: str) -> Iterator[None]:
    """Turn the error of a full disk into a JobError.

    Raises:
        JobError: there is no room on the disk for the request.
    """
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise JobError(f"The disk is full, so {name} can't take requests. Make room and try again.") from None
