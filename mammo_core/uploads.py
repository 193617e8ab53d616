"""Files from anywhere → what prediction needs of them. Whatever they hold is decoded in a worker that may die."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_core.dicom import display, patient_key, read
from mammo_core.errors import MammoError
from mammo_core.preprocess import Contract, Geometry, prepare
from mammo_core.settings import settings


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


def read_upload(data: bytes | Path, file: str, contract: Contract) -> Upload:
    """Turn one file's bytes into what prediction needs; runs in a sandboxed worker.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram = read(data, wanted=contract.size)
    prepared = prepare(mammogram, contract)
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
    )


def find_files(paths: Sequence[Path]) -> list[tuple[str, bytes | Path]]:
    """Return the files that a command line's arguments stand for: files as they are, folders searched, zip files unpacked.

    Raises:
        MammoError: a path doesn't exist, a zip file can't be unpacked, or there are no files.
    """
    found: list[tuple[str, bytes | Path]] = []
    for path in paths:
        if path.is_dir():
            found += [(str(file), file) for file in sorted(path.rglob("*")) if file.is_file() and _may_be_image(file)]
        elif path.is_file():
            found.append((str(path), path))
        else:
            raise MammoError(f"There is no file or folder {path}.")
    found = unpack(found)
    if not found:
        raise MammoError("There are no DICOM files (.dcm, .dicom or without extension) in what was given.")
    return found


def unpack(files: Sequence[tuple[str, bytes | Path]]) -> list[tuple[str, bytes | Path]]:
    """Return the files with every zip file replaced by the files in it that may be images.

    Raises:
        MammoError: a zip file is damaged, encrypted, or holds more than may be read.
    """
    found: list[tuple[str, bytes | Path]] = []
    for name, data in files:
        source = io.BytesIO(data) if isinstance(data, bytes) else data
        if name.lower().endswith(".zip") and zipfile.is_zipfile(source):
            found += _members(name, source)
        else:
            found.append((name, data))
    return found


def _members(name: str, source: Path | io.BytesIO) -> list[tuple[str, bytes | Path]]:
    limit, found = settings().max_file_bytes, []
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                if not member.is_dir() and _may_be_image(Path(member.filename)):
                    with archive.open(member) as stream:
                        data = stream.read(limit + 1)  # whatever the directory says of its size
                    limit -= len(data)
                    if limit < 0:
                        most = f"{settings().max_file_bytes / 1e6:,.0f} MB"
                        raise MammoError(f"{name} holds more than {most}. Give its files in smaller parts.")
                    found.append((member.filename, data))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise MammoError(f"{name} can't be unpacked ({type(error).__name__}): damaged, or encrypted.") from None
    return found


def _may_be_image(path: Path) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts if part not in (".", ".."))
    return path.suffix.lower() in {".dcm", ".dicom", ".zip", ""} and not hidden
