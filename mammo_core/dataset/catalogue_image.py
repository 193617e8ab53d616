"""What an import needs to know of one image of a catalogue."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueImage:
    """What preparing an image needs from its row of the catalogue.

    Attributes:
        patient_id, image_id: its identifiers.
        cancer: 0, 1, or None without a label.
        file: absolute path of its file; None if there is no file.
        view: as the table states it, in capitals.
        has_side: whether the table states the breast that it shows.
    """

    patient_id: str
    image_id: str
    cancer: int | None
    file: str | None
    view: str = ""
    has_side: bool = True
