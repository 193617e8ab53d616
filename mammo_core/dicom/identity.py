"""Read what DICOM files state about whose images they are, and of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from mammo_core.dicom import header
from mammo_core.dicom.guard import only_image_errors
from mammo_core.dicom.labels import read_labels
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError

BATCH = 64  # headers a call: handing one file at a time to a worker takes longer than reading it


@dataclass(frozen=True)
class FileIdentity:
    """The identity of an image, as its header states it; None where it does not.

    Attributes:
        instance: SOP Instance UID (0008,0018).
        series: Series Instance UID (0020,000E).
        study: Study Instance UID (0020,000D).
        patient: Patient ID (0010,0020).
        laterality: "L" or "R", see `read_labels`.
        view: such as "CC", see `read_labels`.
    """

    instance: str | None
    series: str | None
    study: str | None
    patient: str | None
    laterality: str | None
    view: str | None


def read_identities(files: Sequence[Path], sandbox: Sandbox) -> list[FileIdentity | None]:
    """Return the identity of each file, read by confined workers in batches.

    The result is None for a file that isn't readable DICOM, or whose header kills or outlasts its worker.

    Args:
        files: paths of the files.
        sandbox: where the headers are read.
    """
    batches = [list(files[start : start + BATCH]) for start in range(0, len(files), BATCH)]
    started = [sandbox.start(_read_batch, batch) for batch in batches]
    identities: list[FileIdentity | None] = []
    for batch, wait in zip(batches, started, strict=True):
        try:
            identities += wait()
        except ImageError:  # of one of them, which must not cost the others theirs
            identities += [_read_alone(file, sandbox) for file in batch]
    return identities


def read_identity(file: Path) -> FileIdentity | None:
    """Read a file's identity from its header; None if it isn't a readable DICOM file.

    This parses untrusted bytes: see `read_identities`.
    """
    try:
        with header.open_stream(file) as opened, only_image_errors():
            dataset, _, _ = header.parse(opened)
            labels = read_labels(dataset)
            return FileIdentity(
                instance=_text(dataset, "SOPInstanceUID"),
                series=_text(dataset, "SeriesInstanceUID"),
                study=_text(dataset, "StudyInstanceUID"),
                patient=_text(dataset, "PatientID"),
                laterality=labels.laterality,
                view=labels.view,
            )
    except ImageError:
        return None  # whoever reads the image itself reports what is wrong with it


def _read_batch(files: list[Path]) -> list[FileIdentity | None]:
    return [read_identity(file) for file in files]


def _read_alone(file: Path, sandbox: Sandbox) -> FileIdentity | None:
    try:
        return sandbox.run(read_identity, file)
    except ImageError:
        return None


def _text(dataset: Dataset, name: str) -> str | None:
    return str(dataset.get(name) or "").strip() or None
