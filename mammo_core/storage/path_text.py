"""Convert paths in any encoding to text for every file format, and back.

A file name is bytes. Python shows bytes that aren't UTF-8, such as those of a Latin-1 name, as lone surrogates (PEP 383),
which no file format and no page accepts. In the text of this module each such byte is a private character instead
(U+10F780 to U+10F7FF), so that the name comes back byte for byte.
"""

import os
import re
from pathlib import Path
from typing import Any

FIRST_ESCAPE, FIRST_SURROGATE = 0x10F780, 0xDC80  # stand for the byte 0x80; the others follow
_TO_ESCAPE = re.compile("[\udc80-\udcff\U0010f780-\U0010f7ff]")
_TO_SURROGATE = re.compile("[\U0010f780-\U0010f7ff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # another than those of PEP 383 can't be a name on Linux or macOS


def path_text(path: str | Path) -> str:
    """Return a path as text without lone surrogates; most paths stay as they are."""
    text = _TO_ESCAPE.sub(_escape, str(path))
    return _LONE_SURROGATE.sub("\ufffd", text)


def message_text(text: str) -> str:
    """Return a sentence that may quote names as text without lone surrogates.

    Unlike a path, it may hold names that are text already: these stay as they are.
    """
    return _LONE_SURROGATE.sub(lambda match: _escape(match) if "\udc80" <= match[0] <= "\udcff" else "\ufffd", text)


def as_written(text: str) -> str:
    """Return text with its names as Python reads them, bytes as lone surrogates."""
    if not _TO_SURROGATE.search(text):
        return text
    return os.fsdecode(os.fsencode(_TO_SURROGATE.sub(_unescape, text)))


def bytes_as_written(text: str) -> bytes:
    """Return text as UTF-8, with its names byte for byte as on the disk."""
    return as_written(text).encode(errors="surrogateescape")


def text_path(text: str | Path) -> Path:
    """Return the path that `path_text` wrote as text."""
    return Path(as_written(str(text)))


def names_as_written(document: Any) -> Any:
    """Return JSON values with the names in them as Python reads them from the disk."""
    if isinstance(document, str):
        return as_written(document)
    if isinstance(document, dict):
        return {names_as_written(key): names_as_written(value) for key, value in document.items()}
    if isinstance(document, list):
        return [names_as_written(value) for value in document]
    return document


def _escape(match: re.Match[str]) -> str:
    """Escape a byte, or the bytes of a private character that a name really has."""
    return "".join(
        chr(FIRST_ESCAPE + byte - 0x80) if byte >= 0x80 else chr(byte)
        for byte in match[0].encode("utf-8", "surrogateescape")
    )


def _unescape(match: re.Match[str]) -> str:
    return chr(FIRST_SURROGATE + ord(match[0]) - FIRST_ESCAPE)
