"""Recognise a full disk, whatever error reports it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import JobError

FULL = os.strerror(errno.ENOSPC)


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or one behind it, says that the disk is full.

    HDF5 and TensorFlow give the reason in their message only; TensorFlow's type is the one of memory that has run out.
    """
    return any(getattr(cause, "errno", None) == errno.ENOSPC or FULL in str(cause) for cause in chain(error))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those behind it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def full_disk_named(name: str) -> Iterator[None]:
    """Turn a full disk into a sentence, where something is asked for.

    Raises:
        JobError: there was no room for the request.
    """
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise JobError(f"The disk is full, so {name} can't be asked for anything. Make room and try again.") from None
