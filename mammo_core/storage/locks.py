"""Lock files, and check whether a living process holds the lock of one.

The kernel's locks fall with their process, whatever ends it. Some network file systems have none: Lustre without its
option `flock` answers ENOSYS, NFS without a lock service ENOLCK, some SMB and FUSE file systems EOPNOTSUPP. There a soft
lock takes their place, a file that names its holder. It is as good on one machine; of a holder on another machine nobody
can tell whether it still lives.
"""

import errno
import socket
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from mammo_core.storage.file_errors import storage_errors

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY}
SOFT_LOCK_NOTE = (
    "This folder's file system has no locks. Jobs work, but after a crash of another machine its jobs seem to run on: "
    "then delete the files that end in .soft there."
)


def file_lock(path: Path) -> BaseFileLock:
    """Return a file's lock: the kernel's, or a soft lock where there are none.

    Raises:
        StorageError: the file can't be created or opened.
    """
    with storage_errors(path.parent):
        return FileLock(path) if _has_kernel_locks(path) else SoftFileLock(_soft_path(path))


def is_soft(lock: BaseFileLock) -> bool:
    """Return whether a lock is a soft lock."""
    return isinstance(lock, SoftFileLock)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file.

    Except on Windows, this tries a shared lock, so that two processes that check at once do not see each other as holders.

    Raises:
        StorageError: the file can't be opened.
    """
    with storage_errors(path.parent):
        if sys.platform == "win32":
            return not _is_free(FileLock(path))
        import fcntl

        with suppress(FileNotFoundError), path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):  # some file systems raise the latter
                return True
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
        return _is_soft_locked(_soft_path(path))


def _soft_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.soft")


def _has_kernel_locks(path: Path) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    with path.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return False
    return True


def _is_free(lock: BaseFileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return True
    except Timeout:
        return False


def _is_soft_locked(path: Path) -> bool:
    """Return whether the holder of a soft lock lives, as far as this machine can tell.

    The lock is tried only if the holder's number is in use: by the holder, or by a later process. filelock tells them
    apart.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return False
    if len(lines) > 1 and lines[1] == socket.gethostname() and lines[0].isdigit():
        return psutil.pid_exists(int(lines[0])) and not _is_free(SoftFileLock(path))
    return True
