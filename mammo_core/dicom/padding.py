"""Pixel padding (PS3.3 C.7.5.1.1.2): values where nothing was exposed."""

import numpy as np
from scipy.ndimage import binary_dilation

from mammo_core.dicom.header import Header, integer
from mammo_core.dicom.modality import dark_is_high
from mammo_core.dicom.stored import in_cells

LOW_PASS_REACH = 2  # pixels around padding in which a wavelet's low-pass mixes it with its neighbours


def fill_padding(stored: np.ndarray, header: Header, quantisation_step: int = 1, low_pass: bool = False) -> np.ndarray:
    """Replace pixel padding by the darkest other value.

    Args:
        stored: integers (rows, columns).
        header: of the file.
        quantisation_step: distance between two neighbouring values.
        low_pass: whether the image was reduced by a wavelet, so that pixels near padding contain part of it.

    Returns:
        Integers like `stored`; the same array where there is no padding.
    """
    bounds = padding_range(header)
    if bounds is None:
        return stored
    low, high = bounds[0] - (quantisation_step - 1), bounds[1]
    mask = stored == high if low == high else (stored >= low) & (stored <= high)
    near = binary_dilation(mask, iterations=LOW_PASS_REACH) if low_pass else mask
    if not mask.any() or near.all():
        return stored
    bright_end = dark_is_high(header)
    info = np.iinfo(stored.dtype)
    others = np.where(near, info.min if bright_end else info.max, stored)
    darkest = others.max() if bright_end else others.min()
    if not low_pass:
        return np.where(mask, darkest, stored)
    return np.where(near, np.minimum(stored, darkest) if bright_end else np.maximum(stored, darkest), stored)


def padding_range(header: Header) -> tuple[int, int] | None:
    """Return the lowest and the highest padding value, or None without padding.

    They come from Pixel Padding Value (0028,0120) and Pixel Padding Range Limit (0028,0121).
    """
    if "PixelPaddingValue" not in header.dataset:
        return None
    first = _as_stored(integer(header.dataset, "PixelPaddingValue", 0), header)
    last = _as_stored(integer(header.dataset, "PixelPaddingRangeLimit", first), header)
    return min(first, last), max(first, last)


def _as_stored(value: int, header: Header) -> int:
    """Correct a padding value that doesn't match the pixels.

    Its VR, US or SS, is not theirs, or it has bits which theirs lack.
    """
    if in_cells(header) and header.bits < 16:
        value &= (1 << header.bits) - 1
        return value - (1 << header.bits) if header.signed and value >> (header.bits - 1) else value
    if header.signed and value >= 1 << 15:
        return value - (1 << 16)
    return value + (1 << 16) if not header.signed and value < 0 else value
