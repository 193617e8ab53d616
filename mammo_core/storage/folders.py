"""Search folders: follow links, never in circles, and pass over what is no file."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from mammo_core.storage.path_text import path_text
from mammo_core.storage.standard_output import printable

MAX_DEPTH = 64  # folders within each other

_logger = logging.getLogger(__name__)


def files_of_subfolders(root: Path, name: str) -> list[Path]:
    """Return the files of one name in the visible subfolders of a folder, sorted.

    A folder or broken link of that name is passed over. Without the folder the list is empty.
    """
    return sorted(path for path in root.glob(f"[!.]*/{name}") if os.path.isfile(path))


def walk(
    folder: Path, depth: int = MAX_DEPTH, *, each_once: bool = False
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk a folder like `os.walk`, sorted, and through links without circles.

    Hidden folders are left out. A folder that can't be read is logged and left out.

    Args:
        folder: where to begin.
        depth: of folders below it; 0 is the folder alone.
        each_once: whether a folder that is reached by several links is entered by the first one only.

    Yields:
        The path of a folder, the names of its folders, and the names of its files. Broken links count as files, so that
        whoever reads them says that they are missing; pipes, sockets and devices don't.
    """
    yield from _walk(str(folder), depth, frozenset(), set() if each_once else None)


def _walk(
    folder: str, depth: int, above: frozenset[tuple[int, int]], entered: set[tuple[int, int]] | None
) -> Iterator[tuple[str, list[str], list[str]]]:
    try:
        status = os.stat(folder)
        with os.scandir(folder) as entries:
            contents = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        _logger.warning(
            "The folder %s can't be read (%s); it is left out.", printable(path_text(folder)), error.strerror
        )
        return
    identity = (status.st_dev, status.st_ino)
    if identity in above or (entered is not None and identity in entered):
        return
    if entered is not None:
        entered.add(identity)
    folders = [entry.name for entry in contents if _is_folder(entry) and not entry.name.startswith(".")]
    yield folder, folders, [entry.name for entry in contents if _is_file(entry)]
    for name in folders if depth else ():
        yield from _walk(os.path.join(folder, name), depth - 1, above | {identity}, entered)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _is_file(entry: "os.DirEntry[str]") -> bool:
    if entry.is_symlink():
        return not _is_folder(entry) and (os.path.isfile(entry.path) or not os.path.exists(entry.path))
    return entry.is_file()
