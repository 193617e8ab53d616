"""Decode one untrusted file in a sandboxed worker."""

import hashlib
from dataclasses import dataclass

import numpy as np

from mammo_core.dicom import Source, display, patient_key, read
from mammo_core.preprocess import Geometry, PreprocessingConfig, read_and_prepare

THUMBNAIL_SIDE = 16  # pixels: side of an image that is told from others at a glance


@dataclass(frozen=True)
class DecodedImage:
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
        thumbnail: uint8 (16, 16), the model input at a glance; it stays where other arrays are left out.
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
    thumbnail: np.ndarray
    instance: str | None = None


def decode_image(data: Source, file: str, preprocessing: PreprocessingConfig, secret: bytes) -> DecodedImage:
    """Turn one file's bytes into what prediction needs; runs in a sandboxed worker.

    Args:
        data: the file.
        file: its name.
        preprocessing: the preprocessing of the model.
        secret: of the installation, for pseudonyms.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram, prepared = read_and_prepare(data, preprocessing, strict=True)
    seen = prepared.image.tobytes() + repr(prepared.geometry).encode()
    return DecodedImage(
        file=file,
        patient=patient_key(mammogram.patient, secret) if mammogram.patient else None,
        laterality=mammogram.laterality,
        view=mammogram.view,
        model_input=prepared.image,
        geometry=prepared.geometry,
        picture=display(mammogram),
        tags=mammogram.tags,
        notes=(*mammogram.notes, *prepared.notes),
        digest=hashlib.sha256(seen).hexdigest(),
        thumbnail=prepared.image.reshape(THUMBNAIL_SIDE, -1, THUMBNAIL_SIDE, preprocessing.size // THUMBNAIL_SIDE)
        .mean(axis=(1, 3))
        .astype(np.uint8),
        instance=patient_key(mammogram.instance, secret) if mammogram.instance else None,
    )


def warm_up() -> None:
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
