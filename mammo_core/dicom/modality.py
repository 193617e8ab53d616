"""Stored values → modality values (PS3.3 C.11.1); inversion of MONOCHROME1."""

import math

import numpy as np
from pydicom.dataset import Dataset

from mammo_core.dicom.header import Header, decimals
from mammo_core.dicom.lookup_table import LookupTable, parse_lookup_table
from mammo_core.errors import ImageError


def read_modality_lut(dataset: Dataset, little: bool) -> LookupTable | None:
    """Return the table of a Modality LUT Sequence (0028,3000), or None.

    Args:
        dataset: of the file.
        little: whether numbers are little-endian.

    Raises:
        ImageError: the table contradicts its descriptor.
    """
    items = dataset.get("ModalityLUTSequence")
    return parse_lookup_table(items[0], little) if items else None


def read_rescale(dataset: Dataset) -> tuple[float, float]:
    """Return Rescale Slope (0028,1053) and Intercept (0028,1052), by default 1 and 0.

    Raises:
        ImageError: they aren't usable numbers.
    """
    slope = _first_number(dataset.get("RescaleSlope"), 1.0)
    intercept = _first_number(dataset.get("RescaleIntercept"), 0.0)
    if not (math.isfinite(slope) and math.isfinite(intercept) and 0 < abs(slope) < 1e9 and abs(intercept) < 1e9):
        raise ImageError("damaged", "The header's rescale slope or intercept isn't usable.")
    return slope, intercept


def _first_number(value: object, default: float) -> float:
    return next(iter(decimals(value)), default)


def apply_modality_lut(stored: np.ndarray, table: LookupTable) -> np.ndarray:
    """Return the modality values of stored values by a table, float32 like `stored`."""
    return table.look_up(stored)


def apply_rescale(values: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Return modality values by slope and intercept.

    Args:
        values: stored values or averages of them, float32.
        slope: Rescale Slope (0028,1053).
        intercept: Rescale Intercept (0028,1052).

    Returns:
        float32 like `values`; the same array where nothing changes.
    """
    if (slope, intercept) == (1.0, 0.0):
        return values
    return values * np.float32(slope) + np.float32(intercept)


def inversion_sum(header: Header, table: LookupTable | None, rescale: tuple[float, float]) -> float | None:
    """Return the number from which MONOCHROME1 values are subtracted.

    For MONOCHROME2 it is None. Otherwise it is the highest entry of a modality table, or without one the sum of the
    lowest and the highest modality value that Bits Stored (0028,0101) allows.
    """
    if not header.inverted:
        return None
    if table:
        return float(table.entries.max())
    slope, intercept = rescale
    lowest = -(1 << (header.bits - 1)) if header.signed else 0
    return slope * (2 * lowest + (1 << header.bits) - 1) + 2 * intercept


def dark_is_high(header: Header) -> bool:
    """Return whether high stored values are dark.

    They are with MONOCHROME1 or with a falling rescale slope, but not with both.
    """
    return header.inverted != (read_rescale(header.dataset)[0] < 0)
