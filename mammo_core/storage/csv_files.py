"""Recognise encoding and separator of a CSV file, and read its header line."""

import codecs
import csv
import re
from dataclasses import dataclass
from pathlib import Path

HEADER_BYTES = 2**16  # more than a header line has
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = re.compile(r"""["']?sep=(.)["']?\s*""", re.IGNORECASE)  # Excel's first line: "sep=,"


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is written.

    Attributes:
        encoding: for `open`.
        separator: of the columns.
        lines_before: lines before the header line: one where Excel has written the separator there.
    """

    encoding: str = "utf-8-sig"
    separator: str = ","
    lines_before: int = 0

    def notes(self, name: str) -> list[str]:
        """Return sentences on what is unusual in a file of this name."""
        notes = []
        if self.encoding in ("cp1252", "latin-1"):
            notes.append(f"{name} is not UTF-8 and was read as Western European ({self.encoding}).")
        if self.separator != "," and not self.lines_before:
            notes.append(f"{name} separates its columns by {SEPARATORS[self.separator]}, and was read so.")
        return notes


def csv_format(path: Path) -> CsvFormat:
    """Return how a CSV file is written.

    Raises:
        OSError: it can't be read.
    """
    return csv_format_of(path.read_bytes())


def csv_format_of(data: bytes) -> CsvFormat:
    """Return how the bytes of a CSV file are written."""
    encoding = _encoding(data)
    first_line = re.split(r"[\r\n]", data[:HEADER_BYTES].decode(encoding, "replace").lstrip("\ufeff"), maxsplit=1)[0]
    if match := _SEPARATOR_LINE.fullmatch(first_line):
        return CsvFormat(encoding, match[1], 1)
    separator = "," if "," in first_line else max(",;\t|", key=first_line.count)
    return CsvFormat(encoding, separator)


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = data[:HEADER_BYTES]
    if b"\0" in pairs and not any(pairs[1::2]):
        return "utf-16-le"
    if b"\0" in pairs and not any(pairs[::2]):
        return "utf-16-be"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "cp1252" if _is_cp1252(data) else "latin-1"
    return "utf-8-sig"


def _is_cp1252(data: bytes) -> bool:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def csv_columns(path: Path) -> list[str]:
    """Return the column names in the header line of a CSV file.

    The list is empty if the file can't be read or is not valid CSV.
    """
    try:
        form = csv_format(path)
        with path.open(encoding=form.encoding, errors="replace", newline="") as stream:
            for _ in range(form.lines_before):
                stream.readline()
            return _split_names(stream.readline(), form)
    except (OSError, csv.Error):
        return []


def header_names(data: bytes, form: CsvFormat) -> list[str]:
    """Return the column names in the header line of the bytes of a CSV file.

    The list is empty if there is no such line within the first `HEADER_BYTES`, or it is not valid CSV.
    """
    text = data[:HEADER_BYTES].decode(form.encoding, "replace").lstrip("\ufeff")
    lines = text.splitlines()[form.lines_before :]
    if not lines or (len(lines) == 1 and len(data) > HEADER_BYTES):
        return []
    try:
        return _split_names(lines[0], form)
    except csv.Error:
        return []


def _split_names(line: str, form: CsvFormat) -> list[str]:
    names = next(csv.reader([line], delimiter=form.separator, skipinitialspace=True), [])
    return [name.strip() for name in names]
