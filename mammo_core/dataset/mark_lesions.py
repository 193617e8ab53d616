"""Turn readers' marks into lesion annotations.

They are for training and evaluation, and for a lesions.csv.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from mammo_core.dataset.marks import read_marks
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.documents.marks import Mark
from mammo_core.errors import DataError
from mammo_core.storage.spreadsheet import spreadsheet_csv
from mammo_core.workspace import Workspace

MALIGNANT = {
    "malignant": 1,
    "benign": 0,
    "unsure": None,
}  # an annotation without it is left out by those who read the table
MARK_COLUMNS = ("shape", "finding", "author", "time")  # beyond those of a lesion annotation
TABLE_COLUMNS = (*LesionAnnotation.model_fields, *MARK_COLUMNS)


def mark_table(marks: Iterable[Mark]) -> pd.DataFrame:
    """Tabulate marks as lesion annotations, one a row.

    Boxes end at entire pixels. `malignant` is missing where the reader is unsure, `size_mm` where the size of a pixel is unknown.

    Returns:
        The columns of `LesionAnnotation`, and `MARK_COLUMNS`: the shape, the finding as a word, the author, and the time in UTC.
    """
    table = pd.DataFrame([_to_row(mark) for mark in marks], columns=pd.Index(TABLE_COLUMNS))
    return table.astype({"malignant": "Int8"})


def _to_row(mark: Mark) -> tuple[object, ...]:
    top, left, bottom, right = (
        math.floor(mark.top),
        math.floor(mark.left),
        math.ceil(mark.bottom),
        math.ceil(mark.right),
    )
    size = mark.size_mm()
    return (
        mark.patient_id,
        mark.image_id,
        mark.laterality,
        mark.view,
        mark.kind,
        MALIGNANT[mark.finding],
        top,
        left,
        bottom,
        right,
        round((mark.top + mark.bottom) / 2),
        round((mark.left + mark.right) / 2),
        None if size is None else round(size, 1),
        mark.shape,
        mark.finding,
        mark.author,
        mark.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def marks_csv(marks: Iterable[Mark]) -> str:
    """Return marks as the text of a lesions.csv, see `mark_table`."""
    return spreadsheet_csv(mark_table(marks))


@dataclass(frozen=True)
class CountedMarks:
    """Marks that count as lesions in training and evaluation.

    Attributes:
        marks: these marks.
        note: how many count, and how many don't, in one or two sentences; None without malignant marks.
    """

    marks: tuple[Mark, ...]
    note: str | None = None


def count_as_lesions(marks: Iterable[Mark], images: pd.DataFrame) -> CountedMarks:
    """Return the malignant marks on positive images.

    A malignant mark on an image that is labelled negative contradicts its label, and so doesn't count.

    Args:
        marks: of the data set.
        images: those that are used, with image_id and label.
    """
    malignant = [mark for mark in marks if mark.finding == "malignant"]
    positive = set(images.loc[images["label"] == 1, "image_id"].astype(str))
    used = tuple(mark for mark in malignant if mark.image_id in positive)
    return CountedMarks(used, _describe_use(used, len(malignant) - len(used)))


def read_counted_marks(workspace: Workspace, source: StoreSource, images: pd.DataFrame) -> CountedMarks:
    """Read the marks of a data set that count as lesions, see `count_as_lesions`.

    There are none, and a note, if their file is damaged.

    Args:
        workspace: with the data folder.
        source: the data set.
        images: those that are used, with image_id and label.
    """
    try:
        return count_as_lesions(read_marks(workspace, source), images)
    except DataError as error:
        return CountedMarks((), f"Readers' marks of this data set are ignored: {error}")


def _describe_use(used: tuple[Mark, ...], unused: int) -> str | None:
    if not len(used) + unused:
        return None
    count, images = len(used), len({mark.image_id for mark in used})
    counted = "mark counts" if count == 1 else "marks count"
    sentences = [f"{count:,} malignant {counted} as lesions, on {images:,} {'image' if images == 1 else 'images'}."]
    if unused:
        verb = "doesn't count: its image is" if unused == 1 else "don't count: their images are"
        sentences.append(f"{unused:,} more {verb} not among the positive images here.")
    return " ".join(sentences)


def with_marks(lesions: dict[str, pd.DataFrame], marks: Iterable[Mark]) -> dict[str, pd.DataFrame]:
    """Return lesion annotations by image_id with those that are marked.

    Args:
        lesions: of the data set itself.
        marks: malignant ones, see `count_as_lesions`.
    """
    marked = dict(list(mark_table(marks).groupby("image_id")))
    return {
        image: pd.concat([known[image] for known in (lesions, marked) if image in known], ignore_index=True)
        for image in sorted(lesions.keys() | marked.keys())
    }
