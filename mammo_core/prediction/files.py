"""Find the files to predict: paths, folders and archives."""

import os
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo_core.dicom import archive
from mammo_core.dicom.archive import Member
from mammo_core.dicom.header import Source
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.zip_member import ZipMember
from mammo_core.errors import DataError, ImageError
from mammo_core.storage.folders import walk
from mammo_core.storage.path_text import path_text

NOT_IMAGES = {
    ".bmp", ".css", ".csv", ".db", ".dll", ".exe", ".gif", ".htm", ".html", ".inf", ".ini", ".jar", ".jpeg", ".jpg", ".js",
    ".json", ".log", ".md", ".parquet", ".pdf", ".png", ".txt", ".xml",
}  # fmt: skip


FOREIGN_ARCHIVES = (
    ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".bz2", ".xz", ".zst", ".lz4", ".7z",
    ".rar", ".z",
)  # fmt: skip
UNPACK_FIRST = (
    "Archives of this kind are not opened. Unpack it, or give a zip or tar file; .gz is read for single files."
)


@dataclass(frozen=True)
class InputFile:
    """One file to predict.

    Attributes:
        name: what the user calls it; shown, and searched for the image's and the patient's identifiers.
        source: its path, its contents, or a member of a zip archive.
        key: unique among this user's files; stable when the same file is given again.
    """

    name: str
    source: Source
    key: str

    @property
    def is_archive(self) -> bool:
        """Whether the file is a zip or tar archive that is still to be opened."""
        return self.name.lower().endswith((".zip", ".tar")) and not isinstance(self.source, ZipMember)

    @property
    def is_foreign_archive(self) -> bool:
        """Whether the file is an archive of a kind that is not opened."""
        return self.name.lower().endswith(FOREIGN_ARCHIVES)


@dataclass(frozen=True)
class FileNote:
    """A sentence about one file.

    Attributes:
        file: name of the file.
        text: the sentence, for display.
    """

    file: str
    text: str


@dataclass(frozen=True)
class OpenedFiles:
    """Files with the zip archives among them replaced by their members.

    Attributes:
        files: the files that may be images, in order.
        unreadable: why an archive can't be read or contributes no file, one note an archive.
        incomplete: which members of an archive were skipped, one note an archive.
    """

    files: tuple[InputFile, ...] = ()
    unreadable: tuple[FileNote, ...] = ()
    incomplete: tuple[FileNote, ...] = ()


def find_files(paths: Sequence[Path]) -> list[InputFile]:
    """Return the files at the given paths; folders and links to folders are searched.

    Broken links are among the files, so that their reading says that they are missing.

    Raises:
        DataError: a path doesn't exist, or there are no files.
    """
    files: list[Path] = []
    for path in paths:
        if os.path.isdir(path):
            files += sorted(
                Path(folder, name)
                for folder, _, names in walk(path, each_once=True)
                for name in names
                if may_be_image(name)
            )
        elif os.path.isfile(path):
            files.append(path)
        elif os.path.exists(path):
            raise DataError(f"{path} is neither a file nor a folder.")
        else:
            raise DataError(f"There is no file or folder {path}.")
    if not files:
        raise DataError(
            "None of these paths holds a file that may be DICOM. Give DICOM files, folders, zip or tar files."
        )
    # absolute, because the working folder of a worker on another machine is a different one
    return [InputFile(path_text(file), file.absolute(), path_text(file.absolute())) for file in files]


def open_archives(
    files: Sequence[InputFile], sandbox: Sandbox, known: MutableMapping[str, OpenedFiles] | None = None
) -> OpenedFiles:
    """Replace every zip or tar archive by its members, which stay compressed.

    Args:
        files: the files to predict, some of which may be archives.
        sandbox: where the directories of archives are read.
        known: archives that are open already, by key; those that are opened now are added.
    """
    known = {} if known is None else known
    parts = []
    for file in files:
        if file.is_foreign_archive:
            parts.append(OpenedFiles(unreadable=(FileNote(file.name, UNPACK_FIRST),)))
            continue
        if isinstance(file.source, ZipMember) or not file.is_archive:
            parts.append(OpenedFiles((file,)))
            continue
        if file.key not in known:
            known[file.key] = open_archive(file, file.source, sandbox)
        parts.append(known[file.key])
    return OpenedFiles(
        files=tuple(file for part in parts for file in part.files),
        unreadable=tuple(note for part in parts for note in part.unreadable),
        incomplete=tuple(note for part in parts for note in part.incomplete),
    )


def open_archive(file: InputFile, source: Path | bytes, sandbox: Sandbox) -> OpenedFiles:
    """Return the members of one zip or tar archive that may be images.

    Args:
        file: names the archive and its key.
        source: of the archive; one within another archive isn't opened.
        sandbox: reads the archive's directory.
    """
    try:
        members: list[Member] = sandbox.run(archive.members, source)
    except ImageError as error:
        return OpenedFiles(unreadable=(FileNote(file.name, str(error)),))
    images = [member for member in members if may_be_image(member.name) and not _is_archive(member.name)]
    skipped = [member.name for member in members if member not in images]
    files = tuple(
        InputFile(member.name, member.cut(source), f"{file.key} {index}") for index, member in enumerate(images)
    )
    notes = (FileNote(file.name, _describe_skipped(skipped, len(members))),) if skipped or not members else ()
    return OpenedFiles(files, incomplete=notes) if files else OpenedFiles(unreadable=notes)


def may_be_image(name: str) -> bool:
    """Return whether a file of this name may be a mammogram."""
    path = Path(name)
    return path.suffix.lower() not in NOT_IMAGES and not path.name.startswith(".") and path.name.upper() != "DICOMDIR"


def _is_archive(name: str) -> bool:
    return name.lower().endswith((".zip", ".tar", *FOREIGN_ARCHIVES))


def _describe_skipped(names: list[str], total: int) -> str:
    """Return a sentence about the members of an archive that were skipped."""
    if not total:
        return "This archive holds no files."
    kinds = ", ".join(sorted({Path(name).suffix.lower() or Path(name).name for name in names}))
    advice = " Unpack the archives in it first." if any(_is_archive(name) for name in names) else ""
    return f"Skipped {len(names):,} of {total:,} files ({kinds}).{advice}"
