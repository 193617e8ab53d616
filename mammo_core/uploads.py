"""Files from anywhere → what prediction needs of them. Whatever they hold is decoded in a worker that may die."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_core.dicom import Source, archive, display, patient_key, read
from mammo_core.dicom.packed import Packed
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError, MammoError
from mammo_core.preprocess import Contract, Geometry, read_prepared

File = tuple[str, Source]  # name, and contents or path
NOT_IMAGES = {
    ".bmp", ".css", ".csv", ".db", ".dll", ".exe", ".gif", ".htm", ".html", ".inf", ".ini", ".jar", ".jpeg", ".jpg", ".js",
    ".json", ".log", ".md", ".parquet", ".pdf", ".png", ".txt", ".xml",
}  # fmt: skip
GLANCE = 16  # pixels: side of an image that is told from others at a glance


@dataclass(frozen=True)
class Upload:
    """One file as a decoding worker hands it back: small arrays and allow-listed facts, nothing else.

    Attributes:
        file: the name that the user gave it.
        patient: short keyed hash, or None if the file names no patient.
        laterality, view: from the file, or None.
        model_input: uint8 (size, size).
        geometry: where the model input lies in the source.
        picture: uint8 (rows, columns), for people; the source at reduced resolution.
        tags: technical facts on the allow-list.
        notes: sentences about what was done to read it.
        digest: SHA-256 of what the network sees and where it lies; the same for the same pixels in another file.
        glance: uint8 (16, 16), the model input at a glance; it stays where other arrays are left out.
        instance: keyed hash of the SOP Instance UID (0008,0018), or None.
    """

    file: str
    patient: str | None
    laterality: str | None
    view: str | None
    model_input: np.ndarray
    geometry: Geometry
    picture: np.ndarray
    tags: dict[str, str]
    notes: tuple[str, ...]
    digest: str
    glance: np.ndarray
    instance: str | None = None


def read_upload(data: Source, file: str, contract: Contract) -> Upload:
    """Turn one file's bytes into what prediction needs; runs in a sandboxed worker.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram, prepared = read_prepared(data, contract, strict=True)
    seen = prepared.image.tobytes() + repr(prepared.geometry).encode()
    return Upload(
        file=file,
        patient=patient_key(mammogram.patient) if mammogram.patient else None,
        laterality=mammogram.laterality,
        view=mammogram.view,
        model_input=prepared.image,
        geometry=prepared.geometry,
        picture=display(mammogram),
        tags=mammogram.tags,
        notes=(*mammogram.notes, *prepared.notes),
        digest=hashlib.sha256(seen).hexdigest(),
        glance=prepared.image.reshape(GLANCE, -1, GLANCE, contract.size // GLANCE).mean(axis=(1, 3)).astype(np.uint8),
        instance=patient_key(mammogram.instance) if mammogram.instance else None,
    )


def find_files(paths: Sequence[Path]) -> list[File]:
    """Return the files that a command line's arguments stand for: files as they are, folders searched.

    Raises:
        MammoError: a path doesn't exist, or there are no files.
    """
    found: list[File] = []
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


def unpack(files: Sequence[File], sandbox: Sandbox) -> tuple[list[File], dict[str, str], dict[str, str]]:
    """Replace every zip file by the files in it, still compressed.

    Args:
        files: name and contents (or path) of each.
        sandbox: where the directories of zip files are read.

    Returns:
        The files; by its name, a sentence for each zip file that can't be read or holds none; and one for each other of which
        files were left out.
    """
    found: list[File] = []
    problems: dict[str, str] = {}
    remarks: dict[str, str] = {}
    for name, data in files:
        if not name.lower().endswith(".zip") or isinstance(data, Packed):
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
            (remarks if taken else problems)[name] = remark
    return found, problems, remarks


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


def get_ready() -> None:
    """Do nothing: a worker that does it has loaded all that reading a file needs."""


def read_picture(data: Source, levels: tuple[float, float] | None) -> np.ndarray:
    """Return an image in all its pixels, uint8 (rows, columns), for people; runs in a sandboxed worker.

    Args:
        data: the file.
        levels: percentiles of the values above the lowest that become black and white; None takes the file's window.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    return display(read(data), levels=levels)


def may_be_image(name: str) -> bool:
    """Return whether a file may be a mammogram by its name."""
    path = Path(name)
    return path.suffix.lower() not in NOT_IMAGES and not path.name.startswith(".") and path.name.upper() != "DICOMDIR"
