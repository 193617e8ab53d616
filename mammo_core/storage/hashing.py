"""Identify versions of a file by time or content."""

import hashlib
from pathlib import Path


def modified_time(file: object) -> float:
    """Return the modification time of a file in s since the epoch; 0 for anything but the path of a file."""
    return Path(file).stat().st_mtime if isinstance(file, str) and Path(file).exists() else 0.0


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
