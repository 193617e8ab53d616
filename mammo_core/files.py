"""Whole writes and tolerant reads: the only way this package puts a file on disk.

A file appears complete or not at all: it is written beside its place, flushed to the disk and moved over it.
Files of JSON lines grow; a reader ignores a last line that is still being written, and a writer cuts off one that a killed
process left unfinished.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mammo_core.errors import DataError


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
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
        DataError: the file is missing or isn't JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing in {path.parent}.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} isn't readable as JSON ({error}).") from None


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
