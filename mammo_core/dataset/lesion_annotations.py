"""Where the lesions are, on data that know it: lesions.csv beside train.csv, as the phantoms have it."""

from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.errors import DataError
from mammo_core.preprocess import Geometry

TRUTH = "lesions.csv"
BOX = ["top", "left", "bottom", "right"]
COLUMNS = ("image_id", "kind", "malignant", *BOX, "size_mm")


def read_lesions(folder: Path) -> pd.DataFrame | None:
    """Return one row a lesion and image: image_id (str), kind, malignant, box in source pixels, size_mm; None without any.

    Raises:
        DataError: lesions.csv lacks columns.
    """
    path = folder / TRUTH
    if not path.is_file():
        return None
    table = pd.read_csv(path, dtype={"image_id": "str"})
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise DataError(f"{TRUTH} lacks the columns {', '.join(lacking)}.")
    return table


def boxes_in_input(lesions: pd.DataFrame, geometry: Geometry) -> np.ndarray:
    """Return the boxes of some lesions of one image in pixels of its model input: top, left, bottom, right, float (n, 4)."""
    raster = geometry.raster()
    boxes = lesions[BOX].to_numpy(np.float64)
    rows = (boxes[:, [0, 2]] - raster.top) / raster.step
    columns = (boxes[:, [1, 3]] - raster.left) / raster.step
    if geometry.flipped:
        columns = raster.columns - columns[:, ::-1]
    return np.stack([rows[:, 0], columns[:, 0], rows[:, 1], columns[:, 1]], axis=1)
