"""Stored values → modality values, bright = dense, and grey levels for people (PS3.3 C.11.1, C.11.2)."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from mammo_core.dicom.mammogram import Mammogram, Window

DISPLAY_PERCENTILES = (1.0, 99.7)  # of the values above the lowest, where a file has no usable window


def to_modality(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Apply Rescale Slope (0028,1053) and Intercept (0028,1052).

    Args:
        stored: integers (rows, columns).
        dataset: of the file.

    Returns:
        float32 (rows, columns).
    """
    slope, intercept = _first(dataset.get("RescaleSlope"), 1.0), _first(dataset.get("RescaleIntercept"), 0.0)
    values = stored.astype(np.float32)
    return values if (slope, intercept) == (1.0, 0.0) else values * np.float32(slope) + np.float32(intercept)


def turn_over(values: np.ndarray, top: float) -> np.ndarray:
    """Turn MONOCHROME1 values over, so that bright is dense: value → top - value."""
    return np.float32(top) - values


def padding_mask(stored: np.ndarray, dataset: Dataset) -> np.ndarray | None:
    """Return where Pixel Padding Value (0028,0120) to its Range Limit (0028,0121) stands, bool, or None without one."""
    if "PixelPaddingValue" not in dataset:
        return None
    first = int(_first(dataset.PixelPaddingValue, 0))
    last = int(_first(dataset.get("PixelPaddingRangeLimit"), first))
    return (stored >= min(first, last)) & (stored <= max(first, last))


def windows(dataset: Dataset) -> tuple[Window, ...]:
    """Return the file's windows: Window Center (0028,1050), Width (0028,1051) and VOI LUT Function (0028,1056)."""
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    centres, widths = _all(dataset.get("WindowCenter")), _all(dataset.get("WindowWidth"))
    return tuple(
        Window(centre, width, function) for centre, width in zip(centres, widths, strict=False) if width > 0
    )


def display(mammogram: Mammogram, window: Window | None = None) -> np.ndarray:
    """Return the picture for people.

    Args:
        mammogram: the image.
        window: grey-level window; by default the file's first, else one over the breast's own values.

    Returns:
        uint8 (rows, columns) of `mammogram.pixels`.
    """
    chosen = window or (mammogram.windows[0] if mammogram.windows else None)
    values = mammogram.pixels
    if chosen is None:
        inside = values[values > values.min()]
        low, high = np.percentile(inside, DISPLAY_PERCENTILES) if inside.size else (0.0, 1.0)
        return np.round(np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    if mammogram.turn is None:
        return np.round(apply_window(values, chosen) * 255).astype(np.uint8)
    return np.round((1 - apply_window(mammogram.turn - values, chosen)) * 255).astype(np.uint8)


def apply_window(values: np.ndarray, window: Window) -> np.ndarray:
    """Apply a window to modality values (PS3.3 C.11.2.1.2 and C.11.2.1.3).

    Returns:
        float32 in [0, 1].
    """
    centre, width = np.float32(window.centre), np.float32(window.width)
    if window.function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if window.function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1)
    return np.clip((values - (centre - 0.5)) / max(width - 1, np.float32(1e-6)) + 0.5, 0, 1)


def _all(value: object) -> list[float]:
    if value is None or value == "":
        return []
    return [float(item) for item in value] if isinstance(value, MultiValue) else [float(value)]  # pyright: ignore[reportArgumentType]


def _first(value: object, default: float) -> float:
    return next(iter(_all(value)), default)
