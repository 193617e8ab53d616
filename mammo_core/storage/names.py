"""Check the names of data sets, stores, runs and models, which become folders."""

import re

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
            f"{name!r} is not usable as a name; take up to {MAX_LENGTH} letters, digits, '.', '_' and '-'."
        )
    return name
