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
    lut = window or (mammogram.windows[0] if mammogram.windows else None)
    values = mammogram.pixels
    above_lowest = values > values.min()
    if lut is not None and levels is None:
        shares = _windowed(mammogram, lut)
        if window or not above_lowest.any() or _shows_tissue(shares[above_lowest]):
            return np.round(shares * 255).astype(np.uint8)
    low, high = (0.0, 1.0)
    if above_lowest.any():
        low, high = np.percentile(values[above_lowest], levels or DISPLAY_PERCENTILES)
    return np.round(np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


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
