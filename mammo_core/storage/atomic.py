"""Write files atomically: a file appears complete or not at all.

It is written to a temporary file in the same folder, flushed to disk and renamed to its final path.
"""

import errno
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mammo_core.errors import ConfigError
from mammo_core.storage.file_errors import describe_file_error, storage_errors

TRIAL_BYTES = 4096  # a block of most file systems
REPLACE_TIMEOUT_SECONDS = 2.0  # a reader has closed a small file by then
OLD_SECONDS = 3600.0  # no file is written for so long without a change
_TEMPORARY = re.compile(r"\..+-[0-9a-f]{16}(\.[^.]+)?")  # hidden, so that no listing of images or tables finds it
UNSUPPORTED = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def atomic_path(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` atomically on success.

    On failure, the temporary file is deleted. The temporary name keeps the suffix, because Keras and pandas choose the
    format by it.

    Args:
        path: of the file.
        mode: who may read and write it, as far as the umask allows that.

    Raises:
        StorageError: the file system refuses. What the block raises is passed on.
    """
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
        temporary.touch(mode, exist_ok=False)
    try:
        yield temporary
        with storage_errors(path.parent):
            _flush(temporary)
            _replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(temporary: Path) -> None:
    """Flush a file to the disk, where that is possible: some file systems can't."""
    with temporary.open("rb+") as written:
        try:
            os.fsync(written.fileno())
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise


def clear_temporary_files(folder: Path, older_than: float = OLD_SECONDS) -> None:
    """Delete temporary files that killed processes have left in a folder.

    What can't be deleted stays: it harms nobody.

    Args:
        folder: without the folders in it; it may be missing.
        older_than: seconds since their last change; a younger one may still be written.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > older_than:
                        os.unlink(entry.path)


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


def write_bytes(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write `data` to `path` atomically; see `atomic_path` for the mode.

    Raises:
        StorageError: the file system refuses.
    """
    with storage_errors(path.parent), atomic_path(path, mode) as temporary:
        temporary.write_bytes(data)
