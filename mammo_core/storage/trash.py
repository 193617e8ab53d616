"""Move folders to a trash, from which they can be restored for an hour.

The trash is a hidden folder beside what is deleted, so that deleting and restoring are one rename each. A folder in it is named
by time and name.
"""

import os
import shutil
import time
import uuid
from pathlib import Path

from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.names import named_folder
from mammo_core.storage.path_text import as_written, path_text

TRASH = ".trash"
REMOVING = "removing-"  # before the name of what is being removed from there
TRASH_SECONDS = 3600.0


def move_to_trash(folder: Path) -> str:
    """Move a folder with everything in it to the trash beside it, in one step.

    Returns:
        What `restore_from_trash` brings back, until `empty_trash` removes it.

    Raises:
        StorageError: the file system refuses.
    """
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    trashed = f"{seconds}.{nanoseconds:09}-{uuid.uuid4().hex[:8]}.{path_text(folder.name)}"
    with storage_errors(folder.parent):
        (folder.parent / TRASH).mkdir(exist_ok=True)
        folder.rename(folder.parent / TRASH / as_written(trashed))
    return trashed


def trashed_name(trashed: str) -> str:
    """Return the name of what was moved to the trash."""
    return trashed.split(".", 2)[-1]


def list_trash(root: Path) -> list[str]:
    """Return what `restore_from_trash` can bring back to a folder, oldest first.

    Raises:
        StorageError: the file system refuses.
    """
    trash = root / TRASH
    with storage_errors(root):
        names = [path_text(folder.name) for folder in trash.iterdir()] if trash.is_dir() else []
    return sorted(name for name in names if not name.startswith(REMOVING))


def restore_from_trash(root: Path, trashed: str) -> Path:
    """Bring a folder back, and return it.

    Args:
        root: the folder that it was in.
        trashed: see `move_to_trash`.

    Raises:
        FileNotFoundError: the trash was emptied.
        FileExistsError: another folder has its name.
        StorageError: the file system refuses.
    """
    folder = named_folder(root / TRASH, as_written(trashed))
    target = named_folder(root, as_written(trashed_name(trashed)))
    if not os.path.isdir(folder):
        raise FileNotFoundError(folder)
    if os.path.lexists(target):
        raise FileExistsError(target)
    with storage_errors(root):
        folder.rename(target)
    return target


def empty_trash(root: Path, older_than: float = TRASH_SECONDS) -> None:
    """Remove what was moved to the trash of a folder more than some seconds ago.

    Each gets another name first, so that none is restored after a crash has left half of it.

    Raises:
        StorageError: the file system refuses.
    """
    trash = root / TRASH
    with storage_errors(root):
        for folder in sorted(trash.iterdir()) if trash.is_dir() else ():
            seconds = folder.name.partition(".")[0]
            if folder.name.startswith(REMOVING):
                shutil.rmtree(folder, ignore_errors=True)  # perhaps by another process, which began with it
            elif seconds.isdigit() and time.time() - int(seconds) > older_than:
                shutil.rmtree(folder.rename(folder.with_name(f"{REMOVING}{folder.name}")), ignore_errors=True)
