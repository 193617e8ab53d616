"""Export readers' marks as DICOM Structured Reports."""

import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dicom.mark_report import ReportedRegion, mark_report
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.documents.marks import Mark
from mammo_core.errors import DataError, ImageError
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.path_text import text_path


@dataclass(frozen=True)
class MarkReports:
    """Structured Reports of marks.

    Attributes:
        files: by name; each has the marks of one reader on one image.
        notes: how many marks aren't in them, and why, one sentence a reason.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


def make_mark_reports(catalogue: Catalogue, marks: Iterable[Mark], sandbox: Sandbox) -> MarkReports:
    """Make Structured Reports of the marks of a data set.

    The names of their files are numbers, so that they tell nothing of a patient.

    Args:
        catalogue: of the data set, with the images' files.
        marks: of its images.
        sandbox: reads the headers of the images.
    """
    files = catalogue.table.set_index("image_id")["file"]
    groups = [list(group) for _, group in groupby(sorted(marks, key=_reader_and_image), key=_reader_and_image)]
    waiting = [_start_report(sandbox, files.get(group[0].image_id), group) for group in groups]
    reports: dict[str, bytes] = {}
    refused: Counter[str] = Counter()
    for group, wait in zip(groups, waiting, strict=True):
        try:
            reports[f"marks-{len(reports) + 1:04d}.dcm"] = wait()
        except ImageError as error:
            refused[str(error)] += len(group)
    return MarkReports(
        reports, tuple(f"Not in a report: {count:,} marks. {reason}" for reason, count in refused.items())
    )


def _reader_and_image(mark: Mark) -> tuple[str, str]:
    return mark.image_id, mark.author


def _start_report(sandbox: Sandbox, file: object, marks: list[Mark]) -> Callable[[], bytes]:
    """Start to make the report of one reader's marks on one image.

    Returns:
        What waits for it.
    """
    if not isinstance(file, str) or pd.isna(file):
        return _raise_missing
    regions = [
        ReportedRegion(mark.id, mark.shape, mark.kind, mark.finding, (mark.top, mark.left, mark.bottom, mark.right))
        for mark in marks
    ]
    last = max(mark.time for mark in marks)
    return sandbox.start(mark_report, text_path(file), regions, marks[0].author, last, marks[0].laterality)


def _raise_missing() -> bytes:
    raise ImageError("missing", "The file isn't there.")


def write_mark_reports(reports: MarkReports, folder: Path) -> None:
    """Write reports to a folder, which is created.

    Raises:
        DataError: the folder holds files, which might be mistaken for these.
        StorageError: the file system refuses.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DataError(f"{folder} isn't empty. Give a new folder for the reports.")
    for name, data in reports.files.items():
        write_bytes(folder / name, data)


def zip_mark_reports(reports: MarkReports) -> bytes:
    """Return reports as a zip archive.

    What they leave out stands in a text file beside them.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in reports.files.items():
            archive.writestr(name, data)
        if reports.notes:
            archive.writestr("notes.txt", "\n".join(reports.notes) + "\n")
    return stream.getvalue()
