"""Tell one version of a file from another."""

import hashlib
from pathlib import Path


def modified_time(file: object) -> float:
    """Return when a file was last changed, in s; 0 for what isn't the path of a file."""
    return Path(file).stat().st_mtime if isinstance(file, str) and Path(file).exists() else 0.0


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's contents as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
