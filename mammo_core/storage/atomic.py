"""Write files atomically: a file appears complete or not at all.

It is written beside its final path, flushed to the disk and renamed over it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammo_core.errors import ConfigError

READ_SECONDS = 2.0  # a reader has closed a small file by then


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends well, remove it otherwise.

    The temporary name keeps the suffix, since Keras and pandas choose their format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        _replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    """Move a file over another one; Windows refuses that for the moment in which somebody reads the other one."""
    deadline = time.monotonic() + READ_SECONDS
    while True:
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def check_writable(path: Path) -> None:
    """Find out whether a file can be made there, before hours of work for it.

    Raises:
        ConfigError: it can't.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(f"{path} can't be written ({error.strerror}).") from None
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; give the name of a file.")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
