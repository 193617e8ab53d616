"""Zip files of images: their names, and one of them inflated with a bound. Runs where decoding does, in a worker."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammo_core.dicom.header import too_large
from mammo_core.errors import ImageError
from mammo_core.settings import settings

MOST_FILES = 10_000
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, NotImplementedError, RuntimeError, ValueError, OSError)


def names(source: Path | bytes) -> list[str]:
    """Return the names of the files in a zip file; folders and hidden files are left out.

    Raises:
        ImageError: it isn't a zip file, or holds too many.
    """
    with _opened(source) as archive:
        found = [item.filename for item in archive.infolist() if not item.is_dir() and not _hidden(item.filename)]
    if len(found) > MOST_FILES:
        raise too_large(f"The zip file holds {len(found):,} files", f"{MOST_FILES:,} are read")
    return found


def member(source: Path | bytes, name: str) -> bytes:
    """Return the contents of one file in a zip file.

    Raises:
        ImageError: it is damaged, encrypted, or inflates beyond the setting `max_file_bytes`.
    """
    limit = settings().max_file_bytes
    with _opened(source) as archive, archive.open(name) as stream:
        data = stream.read(limit + 1)  # whatever size the directory claims
    if len(data) > limit:
        raise too_large("A file in the zip file inflates beyond its limit", f"{limit / 1e6:,.0f} MB are read")
    return data


@contextmanager
def _opened(source: Path | bytes) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            yield archive
    except DAMAGE as error:
        message = f"This zip file is damaged, encrypted or of an unknown kind ({type(error).__name__})."
        raise ImageError("damaged", message) from None


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".")
