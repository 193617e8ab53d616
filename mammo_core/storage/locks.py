"""Tell whether a living process holds a file's lock."""

import sys
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file.

    Where the system can, it asks by a shared lock, which another one who asks doesn't take for the holder's.
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
        except (BlockingIOError, PermissionError):  # some file systems say the latter
            return True
    return False
