"""Check the names of data sets, stores, runs and models: folder names."""

import re
from pathlib import Path

from mammo_core.errors import InvalidName

MAX_LENGTH = 80  # characters
_USABLE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_LENGTH - 1}}}")


def check_name(name: str, reserved: frozenset[str] = frozenset()) -> str:
    """Return a name unchanged if a folder can be called so.

    Args:
        name: up to 80 ASCII letters, digits, '.', '_' and '-', of which the first is a letter or digit.
        reserved: names that are taken by the application itself.

    Raises:
        InvalidName: it has other characters, is too long, or is reserved.
    """
    if not _USABLE.fullmatch(name) or name in reserved:
        raise InvalidName(
            f"{name!r} is not usable as a name. Use only letters, digits, '.', '_' and '-', up to {MAX_LENGTH}."
        )
    return name


def named_folder(parent: Path, name: str) -> Path:
    """Return the folder of a name, which never leads out of its parent folder.

    Names longer than `check_name` allows are accepted: a run's name adds network and time to its store's.

    Args:
        parent: the folder of all runs and models, for example.
        name: as given on the command line or read from a file.

    Raises:
        InvalidName: it is empty, "." or "..", or contains a separator of paths.
    """
    if name in ("", ".", "..") or any(character in name for character in "/\\:\0"):
        raise InvalidName(f"{name!r} is not usable as a name; it must be the name of one folder.")
    return parent / name
