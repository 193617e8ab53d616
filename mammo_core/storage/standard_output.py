"""Let standard output take every character and every file name."""

import codecs
import sys

from mammo_core.storage.path_text import as_written

HANDLER = "mammo-names"
_PLAIN = {"≥": ">=", "≤": "<=", "×": "x", "−": "-", "–": "-", "…": "...", "Δ": "delta ", "→": "->"}
_PLAIN |= {"“": '"', "”": '"', "’": "'", "‘": "'", "·": "-", "²": "2", "⁻": "-", "µ": "u"}


def accept_all_characters() -> None:
    """Make standard output print whatever it is given.

    Bytes of file names come out as they are on the disk. A character that the terminal's encoding lacks, such as "≥" in
    cp1252, is written in plain characters. Standard error needs no help: Python escapes there what it can't encode.
    """
    codecs.register_error(HANDLER, encode_otherwise)
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors=HANDLER)


def printable(text: str) -> str:
    """Return a message in which bytes of file names are escaped, for any terminal."""
    return as_written(text).encode(errors="backslashreplace").decode()


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
