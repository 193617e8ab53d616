"""Let standard output take every character and every file name."""

import codecs
import re
import sys
from typing import Any

from mammo_core.storage.path_text import as_written

HANDLER = "mammo-names"
_PLAIN = {"≥": ">=", "≤": "<=", "×": "x", "−": "-", "–": "-", "…": "...", "Δ": "delta ", "→": "->"}
_PLAIN |= {"“": '"', "”": '"', "’": "'", "‘": "'", "·": "-", "²": "2", "⁻": "-", "µ": "u"}
# What a terminal obeys instead of showing it: control characters, of which ESC and CSI begin a sequence, and characters that
# change the direction of the text around them.
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def accept_all_characters() -> None:
    """Make standard output print whatever it is given.

    Bytes of file names come out as they are on the disk. A character that the terminal's encoding lacks, such as "≥" in
    cp1252, is written in plain characters. Standard error needs no help: Python escapes there what it can't encode.
    """
    codecs.register_error(HANDLER, encode_otherwise)
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors=HANDLER)


def printable(text: str) -> str:
    """Return a message on one line without anything that a terminal would obey.

    Bytes of file names are escaped, too.
    """
    return output_line(text).encode(errors="backslashreplace").decode()


def output_line(text: str) -> str:
    """Return text for one line of standard output, in which foreign text may stand.

    File names come out as they are on the disk, but for what a terminal would obey: that is written as an escape.
    """
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), as_written(text))


def output_values(document: Any) -> Any:
    """Return JSON values whose texts are fit for standard output, see `output_line`."""
    if isinstance(document, str):
        return output_line(document)
    if isinstance(document, dict):
        return {output_line(key): output_values(value) for key, value in document.items()}
    if isinstance(document, list):
        return [output_values(value) for value in document]
    return document


def encode_otherwise(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what an encoding lacks; an error handler for `codecs.register_error`.

    Returns:
        The bytes, and where to go on.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    encoded = b""
    for character in error.object[error.start : error.end]:
        if "\udc80" <= character <= "\udcff":  # a byte of a file name (PEP 383)
            encoded += bytes([ord(character) - 0xDC00])
        else:
            encoded += _PLAIN.get(character, "?").encode()
    return encoded, error.end
