"""Lesion annotations in lesions.csv.

The file is next to train.csv of a data set whose lesions are known.
"""

from typing import ClassVar, Literal

from mammo_core.documents.base import Document


class LesionAnnotation(Document):
    """One row of lesions.csv: a lesion as it appears in one image.

    The phantom generator writes all columns.

    Attributes:
        patient_id, image_id, laterality, view: the image, as in train.csv.
        kind: kind of lesion, such as "spiculated_mass".
        malignant: 1 for a cancer, 0 for a benign lesion.
        top, left, bottom, right: its box in pixels of the stored frame; bottom and right are excluded.
        centre_row, centre_column: its centre in pixels of the stored frame.
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
