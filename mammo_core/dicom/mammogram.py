"""What the rest of the application knows of a DICOM file."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cache

import numpy as np

from mammo_core.settings import settings


@dataclass(frozen=True)
class Window:
    """How grey levels are shown (PS3.3 C.11.2).

    Attributes:
        centre, width: in modality values, before MONOCHROME1 is inverted.
        function: "LINEAR", "LINEAR_EXACT" or "SIGMOID", VOI LUT Function (0028,1056).
    """

    centre: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True)
class Mammogram:
    """One image, decoded, in modality values.

    Attributes:
        pixels: float32 (rows, columns) in modality values, bright = dense: MONOCHROME1 is turned over. Padding has the
            lowest value.
        reduction: `pixels` has 1/2**reduction of the source's rows and columns.
        source_rows, source_columns: of the file.
        turn: what MONOCHROME1 values were subtracted from, or None for MONOCHROME2; windows refer to the values before.
        windows: as in the file, the first is its default.
        laterality: "L", "R" or None; Image Laterality (0020,0062), else Laterality (0020,0060).
        view: "CC", "MLO", … or None; View Position (0018,5101), else the view code.
        patient: Patient ID (0010,0020) or None. Never shown: see `patient_key`.
        tags: technical facts on an allow-list, as text.
        notes: sentences about what was done to read the file.
    """

    pixels: np.ndarray
    reduction: int
    source_rows: int
    source_columns: int
    turn: float | None = None
    windows: tuple[Window, ...] = ()
    laterality: str | None = None
    view: str | None = None
    patient: str | None = None
    tags: dict[str, str] | None = None
    notes: tuple[str, ...] = ()


def patient_key(patient: str) -> str:
    """Return a short keyed hash by which a patient can be told from others, but not be found out.

    Args:
        patient: Patient ID (0010,0020).

    Returns:
        Eight hex digits; the same for the same patient on this installation only.
    """
    return hmac.new(_secret(), patient.encode(), hashlib.sha256).hexdigest()[:8]


@cache
def _secret() -> bytes:
    """Return this installation's secret, made at the first use."""
    path = settings().data / ".patient-key"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as stream:
        stream.write(secrets.token_bytes(32))
    return path.read_bytes()
