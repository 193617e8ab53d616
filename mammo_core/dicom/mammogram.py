"""The decoded image, as all rooms above this package see it."""

from dataclasses import dataclass, field

import numpy as np

from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.voi import Window


@dataclass(frozen=True)
class Mammogram:
    """One decoded image in modality values.

    Attributes:
        pixels: float32 (rows, columns) in modality values, bright = dense: MONOCHROME1 is inverted. Padding has the
            lowest value.
        reduction: `pixels` has 1/2**reduction of the source's rows and columns.
        source_rows, source_columns: of the file.
        shift: `pixels[i, j]` covers the source pixels from row `i * 2**reduction - shift` on, and columns alike.
            For means over blocks it is 0; a wavelet's low-pass is centred on every 2**reduction-th pixel, so its
            blocks begin half a block earlier.
        quantisation_step: in modality values; finer differences were left out while decoding. 0 if none were.
        inversion_sum: number from which MONOCHROME1 values were subtracted, or None for MONOCHROME2; windows refer to
            the values before.
        windows: windows and tables of the file; the first is its default.
        value_step: difference of two neighbouring stored values, in modality values.
        pixel_mm: height and width of a source pixel, see `mammo_core.dicom.spatial`; None where unknown.
        spacing_basis: where that size comes from, as a sentence, likewise; empty where unknown.
        directions: where the source's rows and columns lead, such as ("P", "L"), likewise.
        laterality: "L", "R" or None; see `mammo_core.dicom.labels`.
        view: "CC", "MLO", … or None; see `mammo_core.dicom.labels`.
        modifiers: what is special about the view, such as "implant displaced" (PS3.16 CID 4015).
        special_kind: what the image is if it doesn't count for its breast, such as "a magnified view"; None if it does.
        substitute_kind: what the image is if it stands for a plain image of the same view, such as "a slice of
            tomosynthesis"; else None.
        patient: Patient ID (0010,0020) or None. It is never shown: see `patient_key`.
        issuer: Issuer of Patient ID (0010,0021) or None; part of the patient's identity.
        study: Study Instance UID (0020,000D) or None. It is never shown.
        study_date: Study Date (0008,0020) as YYYY-MM-DD, or None.
        instance: SOP Instance UID (0008,0018) or None. It is never shown either.
        synthetic: whether this application's phantom generator made the image, see `mammo_core.dicom.phantom_uids`.
        tags: technical header values on an allow-list, as text.
        notes: sentences about what was unusual in reading the file.
    """

    pixels: np.ndarray
    reduction: int
    source_rows: int
    source_columns: int
    shift: float = 0.0
    quantisation_step: float = 0.0
    inversion_sum: float | None = None
    windows: tuple[Window | LookupTable, ...] = ()
    value_step: float = 1.0
    pixel_mm: tuple[float, float] | None = None
    spacing_basis: str = ""
    directions: tuple[str, str] | None = None
    laterality: str | None = None
    view: str | None = None
    modifiers: tuple[str, ...] = ()
    special_kind: str | None = None
    substitute_kind: str | None = None
    patient: str | None = field(default=None, repr=False)
    issuer: str | None = field(default=None, repr=False)
    study: str | None = field(default=None, repr=False)
    study_date: str | None = field(default=None, repr=False)
    instance: str | None = field(default=None, repr=False)
    synthetic: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
