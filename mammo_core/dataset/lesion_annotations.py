"""Read lesion annotations and map them to model inputs."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.documents.geometry import Geometry
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.errors import DataError
from mammo_core.preprocess.geometry import crop_raster
from mammo_core.storage.csv_files import csv_format


@dataclass(frozen=True)
class KnownLesions:
    """The lesion annotations of a data set.

    Attributes:
        table: one row per lesion and image, with at least `LesionAnnotation.required_columns`; image_id is text. None if
            the data set has no lesions.csv, or one of another program.
        note: why a lesions.csv can't be used, in one sentence; None if it can, or there is none.
    """

    table: pd.DataFrame | None = None
    note: str | None = None

    def malignant(self) -> dict[str, pd.DataFrame]:
        """Return the malignant lesions by image_id."""
        table = self.table
        return {} if table is None else dict(list(table[table["malignant"] == 1].groupby("image_id")))


def read_lesions(folder: Path) -> KnownLesions:
    """Read lesions.csv of a data set; rows without a complete box are left out."""
    path = folder / LesionAnnotation.file_name
    if not os.path.isfile(path):
        return KnownLesions()
    try:
        return KnownLesions(_parse(path))
    except DataError as error:
        return KnownLesions(note=f"{path.name} of this data set is ignored: {error}")


def _parse(path: Path) -> pd.DataFrame:
    """Read and check the file.

    Raises:
        DataError: another program wrote it, or it is damaged.
    """
    try:
        form = csv_format(path)
        table = pd.read_csv(
            path, dtype={"image_id": "str"}, encoding=form.encoding, sep=form.separator, skiprows=form.lines_before
        )
    except (OSError, ValueError) as error:  # pandas' own errors are ValueError
        raise DataError(f"it isn't readable as CSV ({type(error).__name__}).") from None
    missing = [name for name in LesionAnnotation.required_columns if name not in table]
    if missing:
        raise DataError(f"it lacks the columns {', '.join(missing)}.")
    numbers = ["malignant", *LesionAnnotation.box_columns]
    table[numbers] = table[numbers].apply(pd.to_numeric, errors="coerce")
    if len(table) and table[numbers].isna().all(axis=None):
        raise DataError(f"its columns {', '.join(numbers)} hold no numbers.")
    return table.dropna(subset=["image_id", *numbers]).reset_index(drop=True)


def boxes_in_input(lesions: pd.DataFrame, geometry: Geometry) -> np.ndarray:
    """Convert the lesion boxes of an image from source to model input pixels.

    Returns:
        float64 (n, 4): top, left, bottom, right.
    """
    raster = crop_raster(geometry)
    boxes = lesions[list(LesionAnnotation.box_columns)].to_numpy(np.float64)
    rows = (boxes[:, [0, 2]] - raster.top) / raster.step
    columns = (boxes[:, [1, 3]] - raster.left) / raster.step
    if geometry.flipped:
        columns = raster.columns - columns[:, ::-1]
    return np.stack([rows[:, 0], columns[:, 0], rows[:, 1], columns[:, 1]], axis=1)
