"""Read and write JSON documents and files of JSON lines.

Files of JSON lines grow: a reader ignores a last line that is still being written, and a writer removes one that a killed
process left incomplete.
"""

import json
import math
import os
from pathlib import Path
from typing import Any, NoReturn

from pydantic import JsonValue

from mammo_core.errors import DataError
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.file_errors import storage_errors

MAX_INTEGER = 2**63 - 1  # what other programs, tables and arrays hold


def write_json(path: Path, document: Any) -> None:
    """Write `document` to `path` as indented JSON, atomically.

    Raises:
        ValueError: the document holds NaN or infinity, which JSON does not have.
    """
    write_bytes(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read one JSON document.

    Raises:
        DataError: the file is missing, can't be read or isn't JSON, or a number in it isn't one to calculate with.
    """
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing in {path.parent}.") from None
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, a number of thousands of digits, deep nesting
        raise DataError(f"{path} isn't readable as JSON ({error}).") from None


def append_json_line(path: Path, record: dict[str, JsonValue]) -> None:
    """Append one record to a file of JSON lines in a single write.

    It is written after the last complete line.

    Raises:
        StorageError: the file system refuses.
    """
    with storage_errors(path.parent), path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read() != b"\n":
                stream.seek(0)
                stream.truncate(stream.read().rfind(b"\n") + 1)
        stream.write(_json_line(record))


def write_json_lines(path: Path, records: list[dict[str, JsonValue]]) -> None:
    """Write a file of JSON lines atomically; without records, delete the file."""
    if records:
        write_bytes(path, b"".join(map(_json_line, records)))
    else:
        with storage_errors(path.parent):
            path.unlink(missing_ok=True)


def read_json_lines(path: Path) -> list[dict[str, JsonValue]]:
    """Read a file of JSON lines; a missing file has none.

    An incomplete last line is ignored.

    Raises:
        DataError: the file can't be read, or another line is not JSON.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}).") from None
    try:
        return [_parse(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} isn't readable as lines of JSON ({error}). Delete the line, or the file.") from None


def _parse(text: str | bytes) -> Any:
    """Parse JSON whose numbers are finite, and whose integers have at most 64 bits."""
    return json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_reject_constant)


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) > MAX_INTEGER:
        raise ValueError("an integer has more than 64 bits")
    return number


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _reject_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _json_line(record: dict[str, JsonValue]) -> bytes:
    return (json.dumps(record, allow_nan=False) + "\n").encode()
