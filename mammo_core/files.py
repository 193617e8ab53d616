"""Whole writes and tolerant reads: the only way this package puts a file on disk.

A file appears complete or not at all: it is written beside its place, flushed to the disk and moved over it.
Files of JSON lines grow; a reader ignores a last line that is still being written, and a writer cuts off one that a killed
process left unfinished.
"""

import csv
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mammo_core.errors import ConfigError, DataError

READ_SECONDS = 2.0  # a reader has closed a small file by then


@contextmanager
def whole(path: Path) -> Iterator[Path]:
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
    with whole(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, document: Any) -> None:
    """Write `document` to `path` as indented JSON, whole. NaN is refused: JSON has none."""
    write_bytes(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read one JSON document.

    Raises:
        DataError: the file is missing, can't be read or isn't JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing in {path.parent}.") from None
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}).") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} isn't readable as JSON ({error}).") from None


def csv_columns(path: Path) -> list[str]:
    """Return the names in a CSV's first line; none if it isn't one."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        try:
            return [name.strip() for name in next(csv.reader([stream.readline()], skipinitialspace=True), [])]
        except csv.Error:
            return []


def modified(file: object) -> float:
    """Return when a file was last changed, in s; 0 for what isn't the path of a file."""
    return Path(file).stat().st_mtime if isinstance(file, str) and Path(file).exists() else 0.0


def append_json_line(path: Path, record: dict[str, Any]) -> None:
    """Add one record to a file of JSON lines in a single write, after the last whole line."""
    with path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read() != b"\n":
                stream.seek(0)
                stream.truncate(stream.read().rfind(b"\n") + 1)
        stream.write(_json_line(record))


def write_json_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write a file of JSON lines, whole; without records there is no file."""
    if records:
        write_bytes(path, b"".join(map(_json_line, records)))
    else:
        path.unlink(missing_ok=True)


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines; a last line without its end is still being written and is left out.

    Raises:
        DataError: another line isn't JSON.
    """
    if not path.exists():
        return []
    data = path.read_bytes()
    try:
        return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} isn't readable as lines of JSON ({error}). Delete the line, or the file.") from None


def _json_line(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, allow_nan=False) + "\n").encode()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's contents as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
