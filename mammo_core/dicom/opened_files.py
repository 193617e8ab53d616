"""Read files in a process that can't open them itself.

The process that owns a sandbox opens the files that a call names, and hands their descriptors to the worker.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

_descriptors: dict[str, int] = {}  # by path; empty in processes that open their files themselves


def take_over(descriptors: Mapping[str, int]) -> None:
    """Use these descriptors from now on, and close those of the call before.

    Args:
        descriptors: of files that are open for reading, by their path.
    """
    for descriptor in _descriptors.values():
        os.close(descriptor)
    _descriptors.clear()
    _descriptors.update(descriptors)


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading; a worker takes the descriptor that it was given.

    Raises:
        OSError: the file is missing, or can't be read.
    """
    descriptor = _descriptors.get(os.fspath(path))
    if descriptor is None:
        return path.open("rb")
    stream = os.fdopen(os.dup(descriptor), "rb")
    stream.seek(0)  # duplicates share their position
    return stream
