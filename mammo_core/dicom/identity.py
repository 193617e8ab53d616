"""Read what a DICOM file states about whose image it is, and of what."""

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from mammo_core.dicom import header
from mammo_core.dicom.guard import only_image_errors
from mammo_core.errors import ImageError


@dataclass(frozen=True)
class FileIdentity:
    """The identity of an image, as its header states it; None where it does not.

    Attributes:
        instance: SOP Instance UID (0008,0018).
        patient: Patient ID (0010,0020).
        laterality: "L" or "R", from Image Laterality (0020,0062) or Laterality (0020,0060).
        view: View Position (0018,5101), in capitals.
    """

    instance: str | None
    patient: str | None
    laterality: str | None
    view: str | None


def read_identity(file: Path) -> FileIdentity | None:
    """Read a file's identity from its header; None if it isn't a readable DICOM file."""
    try:
        with header.open_stream(file) as opened, only_image_errors():
            dataset, _, _ = header.parse(opened)
            return FileIdentity(
                instance=_text(dataset, "SOPInstanceUID"),
                patient=_text(dataset, "PatientID"),
                laterality=_text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
                view=_text(dataset, "ViewPosition"),
            )
    except ImageError:
        return None  # whoever reads the image itself reports what is wrong with it


def _text(dataset: Dataset, name: str) -> str | None:
    return str(dataset.get(name) or "").strip().upper() or None
