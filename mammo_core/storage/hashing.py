"""Identify versions of a file by time or content."""

import hashlib
from pathlib import Path


def modified_time(path: str | Path) -> float:
    """Return the modification time of a file in s since the epoch.

    It is 0 if the file is missing.
    """
    try:
        return Path(path).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
