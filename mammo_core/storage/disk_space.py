"""Describe sizes on disk, and recognise a full disk in any error."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

NO_SPACE_TEXT = os.strerror(errno.ENOSPC)


def format_bytes(number: int) -> str:
    """Return a number of bytes as text in megabytes (10⁶ bytes)."""
    return f"{number / 1e6:,.1f} MB"


def approximate_bytes(number: float) -> str:
    """Return a number of bytes as text without false precision: "75 MB", "1.3 GB"."""
    if number < 1e9:
        return f"{max(1, round(number / 1e6, -1 if number >= 1e8 else 0)):,.0f} MB"
    return f"{number / 1e9:,.1f} GB"


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of a folder, which need not exist."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


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
