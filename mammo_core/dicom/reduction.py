"""Reduction of an image to a fraction of its size.

This module decides how far, and whether by wavelet, and averages over blocks.
"""

import math
from typing import Any

import numpy as np

from mammo_core.dicom.header import Header
from mammo_core.dicom.modality import dark_is_high
from mammo_core.dicom.padding import padding_range

OVERSAMPLING = 2  # a reduced image keeps at least this many times the requested side
SUM_TYPES = {"u1": np.uint32, "u2": np.uint32, "i1": np.int32, "i2": np.int32, "u4": np.int64, "i4": np.int64}


def count_halvings(rows: int, columns: int, side: int | None) -> int:
    """Return how often the sides may be halved for a requested side.

    The longer side keeps at least `OVERSAMPLING` times the requested one.

    Args:
        rows: of the file.
        columns: of the file.
        side: requested longer side in pixels; None for full resolution.
    """
    if side is None:
        return 0
    return max(0, int(math.log2(max(max(rows, columns) / (OVERSAMPLING * side), 1))))


def wavelet_may_reduce(header: Header) -> bool:
    """Return whether a wavelet's low-pass has the same meaning as an average.

    It doesn't have it through a modality table, nor over padding, unless the padding has the darkest possible value,
    as air has.
    """
    padding = padding_range(header)
    darkest = (1 << header.bits) - 1 if dark_is_high(header) else 0
    dark = padding is None or (padding == (darkest, darkest) and not header.signed)
    return dark and "ModalityLUTSequence" not in header.dataset


def average_blocks(values: np.ndarray, halvings: int) -> np.ndarray:
    """Average over blocks of 2**halvings × 2**halvings.

    Blocks at the bottom and right edge may be smaller.

    Args:
        values: (rows, columns), integers or float32.
        halvings: 0 or more.

    Returns:
        float32 (ceil(rows / 2**halvings), ceil(columns / 2**halvings)).
    """
    if not halvings:
        return values.astype(np.float32, copy=False)
    step = 2**halvings
    sum_type: np.dtype[Any] = np.dtype(SUM_TYPES.get(values.dtype.str[1:], np.float32))
    if values.dtype == np.uint16 and int(values.max()) * step**2 < 1 << 16:
        sum_type = values.dtype  # the sums fit: half the memory to read and write
    total = _sum_rows(_sum_rows(values, step, sum_type).T, step, sum_type).T.astype(np.float32)
    heights, widths = (
        np.minimum(step, side - step * np.arange(count, dtype=np.float32))
        for side, count in zip(values.shape, total.shape, strict=True)
    )
    total /= np.outer(heights, widths)
    return total


def _sum_rows(values: np.ndarray, step: int, sum_type: np.dtype) -> np.ndarray:
    """Return the sums of every `step` rows."""
    sums = values[::step].astype(sum_type)
    for start in range(1, step):
        part = values[start::step]
        sums[: len(part)] += part
    return sums
