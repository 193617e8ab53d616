"""Identify versions of a file by time or content."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# Path, bytes, and the times in ns of the last change of content and of inode.
FileStates = tuple[tuple[str, int, int, int], ...]


def file_states(files: Iterable[Path]) -> FileStates:
    """Return the state of each file or folder that exists.

    While the state stays the same, so does the content. The time of the inode's last change can't be set by programs, so
    that a copy that keeps the modification time also counts as a change.
    """
    states = []
    for file in files:
        with suppress(OSError):
            status = file.stat()
            states.append((str(file.absolute()), status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return tuple(states)


def modified_time(path: str | Path) -> float:
    """Return the modification time of a file in s since the epoch.

    It is 0 if the file is missing or the file system does not tell.
    """
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0


def file_version(path: Path) -> str:
    """Return text that changes when a file does: its size, times and inode.

    It is empty if the file is missing.
    """
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
