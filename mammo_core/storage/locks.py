"""Check whether a living process holds the lock of a file."""

import sys
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file.

    Except on Windows, this tries a shared lock, so that two processes that check at once do not see each other as holders.
    """
    if sys.platform == "win32":
        try:
            with FileLock(path).acquire(timeout=0):
                return False
        except Timeout:
            return True
    import fcntl

    with suppress(FileNotFoundError), path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # some file systems raise the latter
            return True
    return False
