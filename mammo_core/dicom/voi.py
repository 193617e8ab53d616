"""Windows and tables for display (VOI LUT, PS3.3 C.11.2).

They turn modality values into displayed grey levels.
"""

import math
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from mammo_core.dicom.header import decimals
from mammo_core.dicom.lookup_table import LookupTable, parse_lookup_table
from mammo_core.errors import ImageError

FUNCTIONS = {"LINEAR", "LINEAR_EXACT", "SIGMOID"}  # VOI LUT Function (0028,1056)


@dataclass(frozen=True)
class Window:
    """The grey levels that are displayed (PS3.3 C.11.2.1).

    Attributes:
        centre, width: in modality values, before MONOCHROME1 is inverted.
        function: "LINEAR", "LINEAR_EXACT" or "SIGMOID", VOI LUT Function (0028,1056).
    """

    centre: float
    width: float
    function: str = "LINEAR"


def apply_voi_lut(values: np.ndarray, lut: Window | LookupTable) -> np.ndarray:
    """Apply a window or table to modality values.

    Args:
        values: float32, before MONOCHROME1 is inverted.
        lut: a window, or a table whose entries are scaled by their bits.

    Returns:
        float32 in [0, 1], like `values`.
    """
    if isinstance(lut, LookupTable):
        return np.clip(lut.look_up(values) / np.float32(2**lut.bits - 1), 0, 1)
    centre, width = np.float32(lut.centre), np.float32(lut.width)
    if lut.function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -80, 80)))
    if lut.function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + np.float32(0.5), 0, 1)
    if lut.width <= 1:  # a step
        return (values > centre - np.float32(0.5)).astype(np.float32)
    return np.clip((values - (centre - np.float32(0.5))) / (width - 1) + np.float32(0.5), 0, 1)


def read_voi_luts(dataset: Dataset, little: bool) -> tuple[Window | LookupTable, ...]:
    """Return the windows of a file, then its tables.

    Unusable ones are left out, because they only affect the display.

    Args:
        dataset: with Window Center (0028,1050), Window Width (0028,1051) and VOI LUT Sequence (0028,3010), or without.
        little: whether numbers are little-endian.
    """
    function = _function(dataset)
    usable: list[Window | LookupTable] = []
    with suppress(ValueError):  # not a number
        for centre, width in zip(
            decimals(dataset.get("WindowCenter")), decimals(dataset.get("WindowWidth")), strict=False
        ):
            if math.isfinite(centre + width) and width > 0:
                usable.append(Window(centre, width, function))
    for item in dataset.get("VOILUTSequence") or []:
        with suppress(ImageError, AttributeError, TypeError, ValueError):
            usable.append(parse_lookup_table(item, little))
    return tuple(usable)


def _function(dataset: Dataset) -> str:
    """Return VOI LUT Function (0028,1056), the first of several.

    It is LINEAR if the element is missing or unknown.
    """
    value = dataset.get("VOILUTFunction") or "LINEAR"
    function = str(value[0] if isinstance(value, MultiValue) else value).strip().upper()
    return function if function in FUNCTIONS else "LINEAR"
