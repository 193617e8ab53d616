"""Mammograms of a few pixels, whose breast is a half ellipse at one edge."""

import numpy as np

from mammo_core.dicom import Mammogram

ROWS, COLUMNS = 200, 150


def picture(rows: int = ROWS, columns: int = COLUMNS, height: float = 0.4, width: float = 0.6) -> np.ndarray:
    """A breast on a background of 0, chest wall at the left: brighter inwards, textured; float32 (rows, columns)."""
    row, column = np.mgrid[:rows, :columns]
    distance = ((row - rows / 2) / (rows * height)) ** 2 + (column / (columns * width)) ** 2
    texture = 200 * np.sin(row / rows * 40) * np.cos(column / columns * 30)
    return np.where(distance < 1, 1000 + 1500 * (1 - distance) + texture, 0).astype(np.float32)


def mammogram(pixels: np.ndarray, **facts: object) -> Mammogram:
    """A mammogram at full resolution."""
    return Mammogram(pixels.astype(np.float32), 0, *pixels.shape, **facts)
