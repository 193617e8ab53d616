"""Turn a mammogram into a picture for display."""

import numpy as np

from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.voi import Window, apply_voi_lut

MIN_BRIGHTEST, MAX_DARKEST = 0.25, 0.9  # of white: how a usable window shows the brightest and the darkest tissue
DISPLAY_PERCENTILES = (1.0, 99.7)  # of the values above the lowest, for files without a usable window


def display(
    mammogram: Mammogram, window: Window | LookupTable | None = None, levels: tuple[float, float] | None = None
) -> np.ndarray:
    """Return the picture for display.

    Args:
        mammogram: the image.
        window: window or table to apply. By default the file's first one; if there is none, or if it hides nearly
            everything, a window over the breast's own values: some converted files keep the window of their former bits.
        levels: percentiles of the values above the lowest that become black and white; they replace any window.

    Returns:
        uint8 (rows, columns) of `mammogram.pixels`.
    """
    if levels is None and (shares := window_shares(mammogram, window)) is not None:
        return np.round(shares * 255).astype(np.uint8)
    low, high = value_range(mammogram, levels or DISPLAY_PERCENTILES)
    return np.round(np.clip((mammogram.pixels - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def window_shares(mammogram: Mammogram, window: Window | LookupTable | None = None) -> np.ndarray | None:
    """Return the pixels as shares of white by a window.

    Args:
        mammogram: the image.
        window: see `display`.

    Returns:
        float32 (rows, columns) in [0, 1]; None if the file has no window, or one that hides nearly everything.
    """
    lut = window or (mammogram.windows[0] if mammogram.windows else None)
    if lut is None:
        return None
    shares = _windowed(mammogram, lut)
    above_lowest = mammogram.pixels > mammogram.pixels.min()
    return shares if window or not above_lowest.any() or _shows_tissue(shares[above_lowest]) else None


def value_range(mammogram: Mammogram, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Return two percentiles of the values above the lowest.

    They are 0 and 1 if all values are the same.

    Args:
        mammogram: the image.
        percentiles: from 0 to 100.
    """
    values = mammogram.pixels
    above_lowest = values > values.min()
    if not above_lowest.any():
        return 0.0, 1.0
    low, high = np.percentile(values[above_lowest], percentiles)
    return float(low), float(high)


def _windowed(mammogram: Mammogram, lut: Window | LookupTable) -> np.ndarray:
    """Return the pixels as shares of white.

    Windows refer to the values before inversion.
    """
    if mammogram.inversion_sum is None:
        return apply_voi_lut(mammogram.pixels, lut)
    return 1 - apply_voi_lut(mammogram.inversion_sum - mammogram.pixels, lut)


def _shows_tissue(shares: np.ndarray) -> bool:
    darkest, brightest = np.percentile(shares, DISPLAY_PERCENTILES)
    return bool(brightest >= MIN_BRIGHTEST and darkest <= MAX_DARKEST)
