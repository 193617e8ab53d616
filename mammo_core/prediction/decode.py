"""Decode one untrusted file in a sandboxed worker."""

import hashlib
from dataclasses import dataclass

import numpy as np

from mammo_core.dicom.display import display
from mammo_core.dicom.header import Source
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.pseudonyms import patient_key, person_key
from mammo_core.dicom.read import read
from mammo_core.documents.geometry import Geometry
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.preprocess.prepare import read_and_prepare

THUMBNAIL_SIDE = 16  # pixels: enough to tell two images of one SOP Instance UID apart


@dataclass(frozen=True)
class DecodedImage:
    """The data that a decoding worker returns for one file.

    A worker returns only small arrays and allow-listed tags, so nothing else of a foreign file enters the main process.

    Attributes:
        patient: pseudonym of the patient (identifier and issuer), or None if the file names no patient.
        laterality: "L", "R" or None.
        view: such as "CC", or None.
        model_input: uint8 (rows, columns).
        geometry: where the model input lies in the source.
        picture: uint8 (rows, columns), windowed for display; the source at reduced resolution.
        tags: technical header values on the allow-list.
        notes: sentences about what was unusual in reading the file.
        digest: SHA-256 of model input and geometry; the same for the same pixels in another file.
        thumbnail: uint8 (16, 16), the model input reduced; kept when the other arrays are dropped.
        instance: keyed hash of the SOP Instance UID (0008,0018), or None.
        identifier: keyed hash of the patient's identifier without its issuer, as tables name patients; or None.
        caseless: keyed hash of the patient's identifier in small letters and its issuer; or None.
        exam: keyed hash of the study; else, of a known patient, of the study's date; else None.
        date: Study Date (0008,0020) as YYYY-MM-DD, or None.
        folder: keyed hash of the folder that may stand for a person, or None.
        folder_exam: keyed hash of that folder and the study's date, or None.
        parents: keyed hashes of the folders in which the file's folder lies.
        modifiers: what is special about the view, such as "implant displaced".
        special_kind: what the image is if it doesn't count for its breast, such as "a magnified view"; None if it does.
        substitute_kind: what the image is if it stands for a plain image of the same view, such as "a slice of
            tomosynthesis"; else None.
        synthetic: whether this application's phantom generator made the image.
    """

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
    identifier: str | None = None
    caseless: str | None = None
    exam: str | None = None
    date: str | None = None
    folder: str | None = None
    folder_exam: str | None = None
    parents: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    special_kind: str | None = None
    substitute_kind: str | None = None
    synthetic: bool = False

    @property
    def view_name(self) -> str | None:
        """The view with its modifiers, such as "CC (implant displaced)"."""
        words = ", ".join(self.modifiers)
        return f"{self.view} ({words})" if self.view and words else self.view or words or None


def decode_image(source: Source, preprocessing: PreprocessingConfig, secret: bytes) -> DecodedImage:
    """Decode and prepare one file; runs in a sandboxed worker.

    Args:
        source: the file.
        preprocessing: of the model.
        secret: of the installation, for pseudonyms.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram, prepared = read_and_prepare(source, preprocessing, strict=True)
    content = prepared.image.tobytes() + repr(prepared.geometry).encode()
    down, across = (side // THUMBNAIL_SIDE for side in preprocessing.shape)  # pixels that a thumbnail's pixel averages
    thumbnail = prepared.image.reshape(THUMBNAIL_SIDE, down, THUMBNAIL_SIDE, across).mean(axis=(1, 3))
    return DecodedImage(
        patient=person_key(mammogram.patient, mammogram.issuer, secret) if mammogram.patient else None,
        laterality=mammogram.laterality,
        view=mammogram.view,
        model_input=prepared.image,
        geometry=prepared.geometry,
        picture=display(mammogram),
        tags=mammogram.tags,
        notes=mammogram.notes,
        digest=hashlib.sha256(content).hexdigest(),
        thumbnail=thumbnail.astype(np.uint8),
        instance=patient_key(mammogram.instance, secret) if mammogram.instance else None,
        identifier=patient_key(mammogram.patient, secret) if mammogram.patient else None,
        caseless=person_key(mammogram.patient.casefold(), mammogram.issuer, secret) if mammogram.patient else None,
        exam=_exam(mammogram, secret),
        date=mammogram.study_date,
        modifiers=mammogram.modifiers,
        special_kind=mammogram.special_kind,
        substitute_kind=mammogram.substitute_kind,
        synthetic=mammogram.synthetic,
    )


def _exam(mammogram: Mammogram, secret: bytes) -> str | None:
    """Return a keyed hash of the study, else of the patient and the study's date."""
    if mammogram.study:
        return patient_key(mammogram.study, secret)
    if mammogram.patient and mammogram.study_date:
        return person_key(f"{mammogram.patient} {mammogram.study_date}", mammogram.issuer, secret)
    return None


def read_picture(source: Source, percentiles: tuple[float, float] | None) -> np.ndarray:
    """Read an image in full resolution for display; runs in a sandboxed worker.

    Args:
        source: the file.
        percentiles: of the values above the lowest, those that become black and white; None takes the file's window.

    Returns:
        uint8 (rows, columns).

    Raises:
        ImageError: the file can't become a mammogram.
    """
    return display(read(source), levels=percentiles)
