"""Lesion annotations in lesions.csv.

The file is next to train.csv of a data set whose lesions are known.
"""

from typing import ClassVar, Literal

from mammo_core.documents.base import Document


class LesionAnnotation(Document):
    """One row of lesions.csv: a lesion as it appears in one image.

    The phantom generator writes all columns.

    Attributes:
        patient_id: the image's patient, as in train.csv.
        image_id: the image, as in train.csv.
        laterality: the image's side, as in train.csv.
        view: the image's view, as in train.csv.
        kind: kind of lesion, such as "spiculated_mass".
        malignant: 1 for a cancer, 0 for a benign lesion.
        top: first row of its box, in pixels of the stored frame.
        left: first column of its box.
        bottom: row after the last of its box.
        right: column after the last of its box.
        centre_row: row of its centre, in pixels of the stored frame.
        centre_column: column of its centre.
        size_mm: largest diameter in mm, without spicules.
    """

    file_name: ClassVar = "lesions.csv"
    box_columns: ClassVar = ("top", "left", "bottom", "right")
    required_columns: ClassVar = ("image_id", "kind", "malignant", *box_columns, "size_mm")  # what readers use

    patient_id: str
    image_id: str
    laterality: str
    view: str
    kind: str
    malignant: Literal[0, 1]
    top: int
    left: int
    bottom: int
    right: int
    centre_row: int
    centre_column: int
    size_mm: float
