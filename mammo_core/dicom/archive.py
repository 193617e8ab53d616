"""List the files in a zip or tar file and their positions.

It runs in a worker; nothing is inflated here.
"""

import io
import struct
import tarfile
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mammo_core.dicom.header import too_large
from mammo_core.dicom.opened_files import open_file
from mammo_core.dicom.zip_member import DEFLATED, STORED, UNREADABLE, ZipMember
from mammo_core.errors import ImageError
from mammo_core.settings import settings
from mammo_core.storage.path_text import path_text

MAX_FILES = 10_000
MAX_INFLATION = 50  # times the archive's size, of all members together; uncompressed mammograms reach 10
TAR_MAGIC_AT = 257  # bytes from the beginning: "ustar" (POSIX.1-1988)
ENCRYPTED = 1  # general purpose bit 0 (APPNOTE 4.4.4)
LOCAL_HEADER_BYTES = 30  # before name and extra field (APPNOTE 4.3.7)
ZIP_ERRORS = (  # what zipfile raises for damaged files
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


class Member(NamedTuple):
    """A file in a zip or tar file.

    Attributes:
        name: with folders.
        start, length: position and number of its compressed bytes.
        method: `STORED`, `DEFLATED` or `UNREADABLE`.
        size: bytes after inflation, as the zip file's directory states.
    """

    name: str
    start: int
    length: int
    method: int
    size: int

    def cut(self, source: Path | bytes) -> ZipMember:
        """Return the member, still compressed, as a position in the zip file."""
        return ZipMember(source, self.start, self.length, self.method, self.size)


def members(source: Path | bytes) -> list[Member]:
    """Return the files in a zip or tar file; folders and hidden files are left out.

    Raises:
        ImageError: the file is damaged, holds too many files, or is made to fill the memory: its members overlap, or inflate to
            many times its size.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open_file(source) as stream:
            if _is_tar(stream):
                return _tar_members(stream)
            with zipfile.ZipFile(stream) as archive:
                items = [item for item in archive.infolist() if _is_visible_file(_name(item))]
            if len(items) > MAX_FILES:
                raise too_large(f"The zip file holds {len(items):,} files", f"{MAX_FILES:,} are read")
            members = [_member(stream, item) for item in items]
            _reject_bombs(members, stream.seek(0, io.SEEK_END))
            return members
    except ZIP_ERRORS as error:
        message = f"This zip file is damaged or of an unknown kind ({type(error).__name__})."
        raise ImageError("damaged", message) from None


def _reject_bombs(members: list[Member], archive_bytes: int) -> None:
    """Raise an ImageError for members that fill the memory.

    They share bytes, or inflate to more than those of an archive of this size should.

    A file of one megabyte could otherwise stand for thousands of large ones, see Fifield, A better zip bomb (2019).
    """
    filled = sorted((member.start, member.start + member.length) for member in members if member.length)
    if any(start < end for (_, end), (start, _) in pairwise(filled)):
        raise ImageError("damaged", "Files in this zip file overlap. No ordinary program makes such a file.")
    largest = settings().max_file_bytes  # larger ones are not inflated
    total = sum(member.size for member in members if member.size <= largest)
    limit = max(MAX_INFLATION * archive_bytes, largest)
    if total > limit:
        raise too_large(
            f"The files in this zip file inflate to {total / 1e6:,.1f} MB", f"{limit / 1e6:,.1f} MB are read"
        )


def _is_tar(stream: BinaryIO) -> bool:
    head = stream.read(tarfile.BLOCKSIZE)
    stream.seek(0)
    return head[TAR_MAGIC_AT:].startswith(b"ustar")


def _tar_members(stream: BinaryIO) -> list[Member]:
    """Return the regular files of a tar file; links and devices are left out.

    Raises:
        ImageError: it is damaged, or holds too many files.
    """
    members = []
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for number, item in enumerate(archive, 1):
                name = _with_slashes(path_text(item.name))
                if item.isreg() and not item.issparse() and _is_visible_file(name):
                    members.append(Member(name, item.offset_data, item.size, STORED, item.size))
                if number > MAX_FILES:
                    raise too_large("The tar file holds too many files", f"{MAX_FILES:,} are read")
    except tarfile.TarError as error:
        raise ImageError("damaged", f"This tar file is damaged ({type(error).__name__}).") from None
    return members


def _member(stream: BinaryIO, item: zipfile.ZipInfo) -> Member:
    if item.flag_bits & ENCRYPTED or item.compress_type not in (STORED, DEFLATED):
        return Member(_name(item), 0, 0, UNREADABLE, 0)
    stream.seek(item.header_offset)
    signature, name, extra = struct.unpack("<4s22xHH", stream.read(LOCAL_HEADER_BYTES))
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile
    start = item.header_offset + LOCAL_HEADER_BYTES + name + extra
    return Member(_name(item), start, item.compress_size, item.compress_type, item.file_size)


def _is_visible_file(name: str) -> bool:
    return not (name.endswith("/") or name.startswith("__MACOSX/") or Path(name).name.startswith("."))


def _name(item: zipfile.ZipInfo) -> str:
    return _with_slashes(item.filename)


def _with_slashes(name: str) -> str:
    """Return a member's name with slashes between its folders.

    Archives that were made on Windows may have backslashes.
    """
    return name.replace("\\", "/")
