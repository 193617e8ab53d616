"""Write files atomically: a file appears complete or not at all.

It is written to a temporary file in the same folder, flushed to disk and renamed to its final path.
"""

import errno
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mammo_core.errors import ConfigError
from mammo_core.storage.file_errors import describe_file_error, storage_errors

TRIAL_BYTES = 4096  # a block of most file systems
REPLACE_TIMEOUT_SECONDS = 2.0  # a reader has closed a small file by then
UNSUPPORTED = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` atomically on success.

    On failure, the temporary file is deleted. The temporary name keeps the suffix, because Keras and pandas choose the
    format by it.

    Raises:
        StorageError: the file system refuses. What the block raises is passed on.
    """
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with storage_errors(path.parent):
            _flush(temporary)
            _replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(temporary: Path) -> None:
    """Flush a file to the disk and let everybody read it, where that is possible.

    exFAT, SMB and FUSE file systems have no modes, and some have no fsync.
    """
    with temporary.open("rb+") as written:
        _where_supported(lambda: os.fsync(written.fileno()))
    _where_supported(lambda: temporary.chmod(0o644))


def _where_supported(call: Callable[[], None]) -> None:
    try:
        call()
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def _replace(temporary: Path, path: Path) -> None:
    """Rename a file over another.

    This is retried on Windows, which refuses while somebody reads the other file.
    """
    deadline = time.monotonic() + REPLACE_TIMEOUT_SECONDS
    while True:
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def check_writable(path: Path) -> None:
    """Check that a file can be written, before hours of work for it.

    Raises:
        ConfigError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            trial.write(bytes(TRIAL_BYTES))  # a full disk still creates empty files
            trial.flush()
    except OSError as error:
        what, advice = describe_file_error(error)
        raise ConfigError(f"{path} can't be written. {what}. {advice}") from None
    if path.is_dir():
        raise ConfigError(f"{path} is a folder. Give the name of a file.")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically.

    Raises:
        StorageError: the file system refuses.
    """
    with storage_errors(path.parent), atomic_path(path) as temporary:
        temporary.write_bytes(data)
