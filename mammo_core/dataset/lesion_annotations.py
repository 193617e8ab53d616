"""Read lesion annotations and map them to model inputs."""

from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.documents.geometry import Geometry
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.errors import DataError
from mammo_core.preprocess.geometry import crop_raster


def read_lesions(folder: Path) -> pd.DataFrame | None:
    """Read lesions.csv of a data set.

    Returns:
        One row per lesion and image, with at least `LesionAnnotation.required_columns`; image_id is text. None if
        the data set has no such file.

    Raises:
        DataError: a required column is missing.
    """
    path = folder / LesionAnnotation.file_name
    if not path.is_file():
        return None
    table = pd.read_csv(path, dtype={"image_id": "str"})
    missing = [name for name in LesionAnnotation.required_columns if name not in table]
    if missing:
        raise DataError(f"{path.name} lacks the columns {', '.join(missing)}.")
    return table


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
