"""Files from anywhere → what prediction needs of them. Whatever they hold is decoded in a worker that may die."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_core.dicom import archive, display, patient_key
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError, MammoError
from mammo_core.preprocess import Contract, Geometry, read_prepared

File = tuple[str, bytes | Path]  # name and contents, or path


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
        digest: SHA-256 of the picture, by which the same image under another name is known.
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


def read_upload(data: bytes | Path, file: str, contract: Contract) -> Upload:
    """Turn one file's bytes into what prediction needs; runs in a sandboxed worker.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram, prepared = read_prepared(data, contract)
    picture = display(mammogram)
    return Upload(
        file=file,
        patient=patient_key(mammogram.patient) if mammogram.patient else None,
        laterality=mammogram.laterality,
        view=mammogram.view,
        model_input=prepared.image,
        geometry=prepared.geometry,
        picture=picture,
        tags=mammogram.tags,
        notes=(*mammogram.notes, *prepared.notes),
        digest=hashlib.sha256(picture.tobytes()).hexdigest(),
    )


def find_files(paths: Sequence[Path]) -> list[File]:
    """Return the files that a command line's arguments stand for: files as they are, folders searched.

    Raises:
        MammoError: a path doesn't exist, or there are no files.
    """
    found: list[File] = []
    for path in paths:
        if path.is_dir():
            found += [(str(file), file) for file in sorted(path.rglob("*")) if file.is_file() and _may_be_image(file)]
        elif path.is_file():
            found.append((str(path), path))
        else:
            raise MammoError(f"There is no file or folder {path}.")
    if not found:
        raise MammoError("There are no DICOM files (.dcm, .dicom or without extension) in what was given.")
    return found


def unpack(files: Sequence[File], sandbox: Sandbox) -> tuple[list[File], dict[str, str]]:
    """Replace every zip file by the files in it that may be images.

    Args:
        files: name and contents (or path) of each.
        sandbox: where zip files are opened.

    Returns:
        The files, and for each zip file that can't be unpacked a sentence by its name.
    """
    found: list[File] = []
    problems: dict[str, str] = {}
    for name, data in files:
        if not name.lower().endswith(".zip"):
            found.append((name, data))
            continue
        try:
            inside = sandbox.run(archive.members, data)
        except ImageError as error:
            problems[name] = str(error)
        else:
            found += [(member, contents) for member, contents in inside if _may_be_image(Path(member))]
    return found, problems


def _may_be_image(path: Path) -> bool:
    return path.suffix.lower() in {".dcm", ".dicom", ".zip", ""} and not path.name.startswith(".")
