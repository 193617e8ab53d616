"""Pictures of a breast: a half ellipse at the left edge, brighter towards the chest wall."""

from typing import Any

import numpy as np

from mammo_core.dicom.mammogram import Mammogram

ROWS, COLUMNS = 200, 150  # of the float picture


def breast(rows: int = 96, columns: int = 72) -> np.ndarray:
    """Return stored values of 12 bits with a smooth texture, uint16 (rows, columns)."""
    row, column = np.mgrid[:rows, :columns]
    texture = 150 * np.sin(row / 5) * np.cos(column / 4)
    return _half_ellipse(row, column, (rows * 0.4, columns * 0.7), 900, 2000, texture).astype(np.uint16)


def breast8() -> np.ndarray:
    """Return stored values of 8 bits, uint8 (96, 72)."""
    return (breast() >> 4).astype(np.uint8)


def noisy_breast(seed: int) -> np.ndarray:
    """Return stored values of 12 bits; width and noise depend on the seed; uint16 (512, 384)."""
    row, column = np.mgrid[:512, :384]
    noise = np.random.default_rng(seed).normal(0, 60, row.shape)
    return _half_ellipse(row, column, (200, 220 + 10 * seed), 900, 1500, noise).clip(0, 4095).astype(np.uint16)


def picture(rows: int = ROWS, columns: int = COLUMNS, height: float = 0.4, width: float = 0.6) -> np.ndarray:
    """Return modality values with a smooth texture, float32 (rows, columns).

    Args:
        rows: of the picture.
        columns: of the picture.
        height: half the breast's height, as a share of the rows.
        width: the breast's width, as a share of the columns.
    """
    row, column = np.mgrid[:rows, :columns]
    texture = 200 * np.sin(row / rows * 40) * np.cos(column / columns * 30)
    return _half_ellipse(row, column, (rows * height, columns * width), 1000, 1500, texture).astype(np.float32)


def mammogram(pixels: np.ndarray, **attributes: Any) -> Mammogram:
    """Return a mammogram at full resolution; `attributes` are those of `Mammogram`."""
    return Mammogram(pixels.astype(np.float32), 0, *pixels.shape, **attributes)


def _half_ellipse(
    row: np.ndarray, column: np.ndarray, radii: tuple[float, float], skin: float, rise: float, texture: np.ndarray
) -> np.ndarray:
    """Return `skin` at the outline, `skin + rise` at the chest wall, plus the texture; 0 outside."""
    middle = row.shape[0] / 2
    distance = ((row - middle) / radii[0]) ** 2 + (column / radii[1]) ** 2
    return np.where(distance < 1, skin + rise * (1 - distance) + texture, 0)
