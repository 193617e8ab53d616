"""Keep the marks that readers draw on the images of a data set.

They lie in the data folder, one file for each data set and never in the data set's own folder:

    <data>/lesion-marks/<folder>-<hash>.json

See `mammo_core.dataset.data_set_files` for the name.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from mammo_core.dataset.data_set_files import data_set_file
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.marks import Mark, MarkChange, MarkFile, MarkSummary
from mammo_core.errors import DataError, MarkConflict
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.locks import file_lock
from mammo_core.storage.path_text import as_written, message_text
from mammo_core.workspace import Workspace

LOCK_SECONDS = 20.0  # for which a change waits for others


@dataclass(frozen=True)
class MarkedImage:
    """An image that marks may be drawn on.

    Attributes:
        image_id, patient_id: as in the data set's table.
        laterality: likewise, or None.
        view: likewise.
    """

    image_id: str
    patient_id: str
    laterality: str | None
    view: str


def mark_path(workspace: Workspace, source: StoreSource) -> Path:
    """Return the file of a data set's marks, which may not be there.

    Args:
        workspace: with the data folder.
        source: the data set, see `describe_source` and `Store.source`.
    """
    return data_set_file(workspace.data, MarkFile.folder_name, source)


def read_marks(workspace: Workspace, source: StoreSource) -> tuple[Mark, ...]:
    """Return the marks of a data set in the order in which they were drawn.

    The arguments are those of `mark_path`.

    Raises:
        DataError: the file is damaged.
    """
    return _read(mark_path(workspace, source), source).marks


def change_mark(
    workspace: Workspace, source: StoreSource, change: MarkChange, image: MarkedImage, now: datetime | None = None
) -> tuple[Mark, ...]:
    """Draw, change or delete one mark, and return all marks of the data set.

    One process changes the file at a time, so that no change of another is lost.

    Args:
        workspace: with the data folder.
        source: the data set.
        change: what to do; its author is taken as it is.
        image: the image that the mark is on.
        now: the present time.

    Raises:
        MarkConflict: somebody else has changed or deleted the mark meanwhile.
        DataError: there is no author, or the file is damaged.
        StorageError: the file system refuses.
    """
    author = " ".join(message_text(change.author).split())
    if not author:
        raise DataError("Enter your name first: each mark is kept with its author.")
    path = mark_path(workspace, source)
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file_lock(path.with_name(f".{path.name}.lock")).acquire(timeout=LOCK_SECONDS):
            known = _read(path, source)
            changed = _with_change(known.marks, change, image, author, now or datetime.now(UTC))
            known.model_copy(update={"marks": changed, "dataset": source.dataset}).write(path)
    except Timeout:
        raise DataError("Others are changing the marks of this data set. Try again.") from None
    return changed


def _read(path: Path, source: StoreSource) -> MarkFile:
    return MarkFile.read(path) if path.exists() else MarkFile(csv=source.csv, dataset=source.dataset)


def _with_change(
    marks: tuple[Mark, ...], change: MarkChange, image: MarkedImage, author: str, now: datetime
) -> tuple[Mark, ...]:
    """Return marks with one of them drawn, changed or deleted."""
    there = next((mark for mark in marks if mark.id == change.id), None)
    if (there.version if there else 0) != change.version:
        raise MarkConflict("Somebody else has changed this mark meanwhile. It is shown as it is now.")
    if image.image_id != (there or change.region or image).image_id or (
        change.region and change.region.image_id != image.image_id
    ):
        raise DataError("A mark stays on its image. Draw another one there.")
    if change.region is None:
        return tuple(mark for mark in marks if mark.id != change.id)
    mark = Mark(
        **dict(change.region),
        id=change.id,
        version=change.version + 1,
        patient_id=image.patient_id,
        laterality=image.laterality,
        view=image.view,
        author=author,
        time=now,
    )
    if there is None:
        return (*marks, mark)
    return tuple(mark if other.id == change.id else other for other in marks)


def marks_on(marks: Iterable[Mark], images: Iterable[str]) -> tuple[Mark, ...]:
    """Return the marks of some images, given by image_id."""
    known = set(images)
    return tuple(mark for mark in marks if mark.image_id in known)


def summarise_marks(dataset: str, marks: Iterable[Mark]) -> MarkSummary:
    """Count marks by what they state.

    Args:
        dataset: name of the data set.
        marks: of its images.
    """
    listed = list(marks)
    return MarkSummary(
        dataset=as_written(dataset),
        marks=len(listed),
        images=len({mark.image_id for mark in listed}),
        patients=len({mark.patient_id for mark in listed}),
        findings=dict(Counter(mark.finding for mark in listed)),
        kinds=dict(Counter(mark.kind for mark in listed)),
        authors=dict(Counter(mark.author for mark in listed)),
    )


def describe_marks(summary: MarkSummary) -> str:
    """Return one line on the marks of a data set; empty without any."""
    if not summary.marks:
        return ""
    marks = f"{summary.marks:,} {'mark' if summary.marks == 1 else 'marks'}"
    images = f"{summary.images:,} {'image' if summary.images == 1 else 'images'}"
    findings = ", ".join(f"{number:,} {finding}" for finding, number in sorted(summary.findings.items()))
    return f"{marks} on {images}: {findings}"
