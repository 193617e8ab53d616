"""Turn lesion boxes into targets for a network's lesion map."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.dataset.lesion_annotations import boxes_in_input
from mammo_core.dataset.store import parse_geometry
from mammo_core.learning._tensorflow import tf

MIN_COVERED = 0.3  # share of a cell that a lesion covers, for the cell to be one of the lesion's
MIN_BREAST = 0.2  # share of a cell that shows breast, for the cell to count
LESION_WEIGHT = 5.0  # of the lesion's cells: they are few


@dataclass(frozen=True)
class LesionBoxes:
    """The malignant lesions of the images.

    Attributes:
        boxes: float32 (n, k, 4), top, left, bottom, right in pixels of the model input; a box of no area is none.
        known: bool (n,), whether all lesions of the image are known: it is negative, or has a box.
    """

    boxes: np.ndarray
    known: np.ndarray


def lesion_boxes(images: pd.DataFrame, lesions: dict[str, pd.DataFrame]) -> LesionBoxes:
    """Return the lesion boxes of images, in pixels of the model input.

    Args:
        images: one row per image, with image_id, geometry and label.
        lesions: malignant lesions by image_id, see `mammo_core.dataset.lesion_annotations`.
    """
    most = max((len(rows) for rows in lesions.values()), default=1)
    boxes = np.zeros((len(images), most, 4), np.float32)
    known = (images["label"] == 0).to_numpy(bool, copy=True)
    for index, (image, geometry) in enumerate(zip(images["image_id"].astype(str), images["geometry"], strict=True)):
        if image in lesions:
            own = boxes_in_input(lesions[image], parse_geometry(geometry))
            boxes[index, : len(own)] = own
            known[index] = True
    return LesionBoxes(boxes, known)


def lesion_cells(image: Any, boxes: Any, known: Any, grid: tuple[int, int]) -> tuple[Any, Any]:
    """Return which cells of a lesion map show a lesion, and their weights.

    The weights are those in the loss. Cells that a lesion only touches, and cells in the air, don't count.

    Args:
        image: float32 (rows, columns, 1) tensor, background 0.
        boxes: float32 (k, 4) tensor, see `LesionBoxes`.
        known: bool () tensor, likewise.
        grid: rows and columns of the map; the image's are multiples of them.

    Returns:
        float32 (*grid, 1), 0 or 1, and float32 (*grid,).
    """
    height, width = image.shape[0] // grid[0], image.shape[1] // grid[1]
    covered = tf.reduce_max(
        _overlap(boxes[:, 0], boxes[:, 2], grid[0], height)[:, :, tf.newaxis]
        * _overlap(boxes[:, 1], boxes[:, 3], grid[1], width)[:, tf.newaxis, :],
        axis=0,
    )
    most = tf.reduce_max(covered)
    is_lesion = (covered > MIN_COVERED) | ((covered > 0) & (covered == most))  # a small one has its largest cell
    breast = tf.nn.avg_pool2d(tf.cast(image > 0, tf.float32)[tf.newaxis], (height, width), (height, width), "VALID")
    counts = (breast[0, :, :, 0] > MIN_BREAST) & ((covered == 0) | is_lesion)
    weight = tf.where(is_lesion, LESION_WEIGHT, tf.cast(counts, tf.float32)) * tf.cast(known, tf.float32)
    return tf.cast(is_lesion, tf.float32)[..., tf.newaxis], weight


def _overlap(start: Any, end: Any, cells: int, side: int) -> Any:
    """Return the share of each cell of a line that lies between start and end.

    float32 (k, cells).
    """
    edges = tf.range(cells, dtype=tf.float32) * float(side)
    reach = tf.minimum(end[:, tf.newaxis], edges + float(side)) - tf.maximum(start[:, tf.newaxis], edges)
    return tf.maximum(reach, 0.0) / float(side)
