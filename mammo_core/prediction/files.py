"""Find the files to predict from: paths, folders and zip archives."""

from collections.abc import Sequence
from pathlib import Path

from mammo_core.dicom import Source, archive
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.zip_member import ZipMember
from mammo_core.errors import ImageError, MammoError

InputFile = tuple[str, Source]  # name, and contents or path
NOT_IMAGES = {
    ".bmp", ".css", ".csv", ".db", ".dll", ".exe", ".gif", ".htm", ".html", ".inf", ".ini", ".jar", ".jpeg", ".jpg", ".js",
    ".json", ".log", ".md", ".parquet", ".pdf", ".png", ".txt", ".xml",
}  # fmt: skip


def find_files(paths: Sequence[Path]) -> list[InputFile]:
    """Return the files that a command line's arguments stand for: files as they are, folders searched.

    Raises:
        MammoError: a path doesn't exist, or there are no files.
    """
    found: list[InputFile] = []
    for path in paths:
        if path.is_dir():
            found += [
                (str(file), file.absolute())
                for file in sorted(path.rglob("*"))
                if file.is_file() and may_be_image(file.name)
            ]
        elif path.is_file():
            found.append((str(path), path.absolute()))  # a worker elsewhere works in another folder
        else:
            raise MammoError(f"There is no file or folder {path}.")
    if not found:
        raise MammoError("There are no files in what was given that may be DICOM.")
    return found


def unpack(files: Sequence[InputFile], sandbox: Sandbox) -> tuple[list[InputFile], dict[str, str], dict[str, str]]:
    """Replace every zip file by the files in it, still compressed.

    Args:
        files: name and contents (or path) of each.
        sandbox: where the directories of zip files are read.

    Returns:
        The files; by its name, a sentence for each zip file that can't be read or holds none; and one for each other of which
        files were left out.
    """
    found: list[InputFile] = []
    problems: dict[str, str] = {}
    notes: dict[str, str] = {}
    for name, data in files:
        if not name.lower().endswith(".zip") or isinstance(data, ZipMember):
            found.append((name, data))
            continue
        try:
            inside = sandbox.run(archive.members, data)
        except ImageError as error:
            problems[name] = str(error)
            continue
        taken = [member for member in inside if may_be_image(member.name) and not member.name.lower().endswith(".zip")]
        found += [(member.name, member.cut(data)) for member in taken]
        if remark := _left_out([member.name for member in inside if member not in taken], len(inside)):
            (notes if taken else problems)[name] = remark
    return found, problems, notes


def _left_out(names: list[str], total: int) -> str:
    """Say which files of a zip file aren't looked at."""
    if not total:
        return "This zip file holds no files."
    if not names:
        return ""
    kinds = ", ".join(sorted({Path(name).suffix.lower() or Path(name).name for name in names}))
    zips = " Unpack the zip files in it first." if any(name.lower().endswith(".zip") for name in names) else ""
    return (
        f"{len(names):,} of {total:,} files in it can't be mammograms by their names ({kinds}) and were left out.{zips}"
    )


def may_be_image(name: str) -> bool:
    """Return whether a file may be a mammogram by its name."""
    path = Path(name)
    return path.suffix.lower() not in NOT_IMAGES and not path.name.startswith(".") and path.name.upper() != "DICOMDIR"
