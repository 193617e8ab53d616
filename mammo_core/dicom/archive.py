"""Zip files of images, unpacked with bounds. Runs where decoding does, in a worker."""

import io
import zipfile
import zlib
from pathlib import Path

from mammo_core.dicom.header import too_large
from mammo_core.errors import ImageError
from mammo_core.settings import settings

MOST_FILES = 10_000
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, NotImplementedError, RuntimeError, ValueError, OSError)


def members(source: Path | bytes) -> list[tuple[str, bytes]]:
    """Return name and contents of the files in a zip file; folders and hidden files are left out.

    Raises:
        ImageError: it is damaged, encrypted, holds too many files, or inflates beyond the setting `max_file_bytes`.
    """
    limit, found = settings().max_file_bytes, []
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            items = [item for item in archive.infolist() if not item.is_dir() and not _hidden(item.filename)]
            if len(items) > MOST_FILES:
                raise too_large(f"The zip file holds {len(items):,} files", f"{MOST_FILES:,} are read")
            for item in items:
                with archive.open(item) as stream:
                    data = stream.read(limit + 1)  # whatever size the directory claims
                limit -= len(data)
                if limit < 0:
                    most = f"{settings().max_file_bytes / 1e6:,.0f} MB are read"
                    raise too_large("The zip file inflates beyond its limit", most)
                found.append((item.filename, data))
    except DAMAGE as error:
        message = f"This zip file is damaged, encrypted or of an unknown kind ({type(error).__name__})."
        raise ImageError("damaged", message) from None
    return found


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".")
