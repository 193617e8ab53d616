"""Stored values → modality values, bright = dense, and grey levels for people (PS3.3 C.11.1, C.11.2)."""

import math
from contextlib import suppress
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from scipy.ndimage import binary_dilation

from mammo_core.dicom.header import OVERLAY_BIT, Header, integer
from mammo_core.dicom.mammogram import LookupTable, Mammogram, Window
from mammo_core.errors import ImageError

LEAST_BRIGHT, MOST_DARK = 0.25, 0.9  # of white: what a usable window makes of the brightest and the darkest tissue
DISPLAY_PERCENTILES = (1.0, 99.7)  # of the values above the lowest, where a file has no usable window
WIDE = {"u1": np.uint32, "u2": np.uint32, "i1": np.int32, "i2": np.int32, "u4": np.int64, "i4": np.int64}  # for sums
BLENDED = 2  # pixels around padding in which a wavelet's low-pass mixes it with what is beside it
FUNCTIONS = {"LINEAR", "LINEAR_EXACT", "SIGMOID"}  # VOI LUT Function (0028,1056)


def from_bytes(frame: bytes, header: Header) -> np.ndarray:
    """Return a native frame's stored values, (rows, columns), in this machine's byte order and the header's sign."""
    shape = (header.rows, header.columns)
    if header.allocated == 1:
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")  # in either byte order (PS3.5 8.1.1)
        return bits[: header.rows * header.columns].reshape(shape)
    dtype = stored_dtype(header)
    values = np.frombuffer(frame, dtype.newbyteorder("<" if header.little else ">"))
    return values.reshape(shape).astype(dtype, copy=False)


def stored_dtype(header: Header) -> np.dtype:
    """Return the type of stored values: Bits Allocated (0028,0100) and Pixel Representation (0028,0103)."""
    return np.dtype(f"{'i' if header.signed else 'u'}{header.allocated // 8}")


def with_sign(values: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Read the lowest `bits` as two's complement, or not, whatever the codec thought.

    Args:
        values: integers as the codec gives them.
        bits: precision of a sample.
        signed: Pixel Representation (0028,0103).
    """
    if signed == (values.dtype.kind == "i"):
        return values
    wide = values.astype(np.int32)
    if not signed:
        return wide & ((1 << bits) - 1)
    sign = 1 << (bits - 1)
    return (wide & ((sign << 1) - 1) ^ sign) - sign


def without_overlay(stored: np.ndarray, header: Header) -> np.ndarray:
    """Move the stored bits to the bottom, High Bit (0028,0102), and drop an overlay in the unused ones (60xx,0102).

    Unused bits that no overlay claims are kept: real files have values beyond Bits Stored (0028,0101).
    """
    shift = header.high + 1 - header.bits
    overlay = OVERLAY_BIT in header.dataset and int(header.dataset[OVERLAY_BIT].value or 0) > 0
    if not shift and not overlay:
        return stored
    unsigned = (stored >> shift) & ((1 << header.bits) - 1)
    return with_sign(unsigned.astype(stored_dtype(header).str.replace("i", "u")), header.bits, header.signed)


def with_stored_sign(values: np.ndarray, header: Header) -> np.ndarray:
    """Give signed values their sign where their unused bits don't repeat it: it stands in the highest of Bits Stored."""
    sign = 1 << (header.bits - 1)
    if not header.signed or header.bits == header.allocated or values.min() < 0 or values.max() < sign:
        return values
    return with_sign(values.astype(f"u{values.itemsize}"), header.bits, True)


def fill_padding(stored: np.ndarray, header: Header, quantisation_step: int = 1, blended: bool = False) -> np.ndarray:
    """Give the pixels between Pixel Padding Value (0028,0120) and Range Limit (0028,0121) the darkest other value.

    Args:
        stored: integers (rows, columns).
        header: of the file.
        quantisation_step: what lies between two neighbouring values.
        blended: whether the image was reduced, so that pixels at the edge of padding have a share in it.

    Returns:
        The same values where there is no padding.
    """
    bounds = padding_range(header)
    if bounds is None:
        return stored
    low, high = bounds[0] - (quantisation_step - 1), bounds[1]
    mask = stored == high if low == high else (stored >= low) & (stored <= high)
    near = binary_dilation(mask, iterations=BLENDED) if blended else mask
    if not mask.any() or near.all():
        return stored
    bright_end = dark_is_high(header)
    info = np.iinfo(stored.dtype)
    others = np.where(near, info.min if bright_end else info.max, stored)
    darkest = others.max() if bright_end else others.min()
    if not blended:
        return np.where(mask, darkest, stored)
    return np.where(near, np.minimum(stored, darkest) if bright_end else np.maximum(stored, darkest), stored)


def padding_range(header: Header) -> tuple[int, int] | None:
    """Return the lowest and highest padding value as stored, or None without padding."""
    if "PixelPaddingValue" not in header.dataset:
        return None
    first = _as_stored(integer(header.dataset, "PixelPaddingValue", 0), header)
    last = _as_stored(integer(header.dataset, "PixelPaddingRangeLimit", first), header)
    return min(first, last), max(first, last)


def _as_stored(value: int, header: Header) -> int:
    """Undo a wrong VR: the padding value is written as US or SS, and not always as the pixels are."""
    if header.signed and value >= 1 << 15:
        return value - (1 << 16)
    return value + (1 << 16) if not header.signed and value < 0 else value


def dark_is_high(header: Header) -> bool:
    """Return whether high stored values are dark: MONOCHROME1 or a falling rescale slope."""
    return header.inverted != (rescale(header.dataset)[0] < 0)


def modality_table(dataset: Dataset, little: bool) -> LookupTable | None:
    """Return the Modality LUT Sequence (0028,3000) as a table, or None; `little`: whether numbers are little-endian."""
    items = dataset.get("ModalityLUTSequence")
    return _table(items[0], little) if items else None


def rescale(dataset: Dataset) -> tuple[float, float]:
    """Return Rescale Slope (0028,1053) and Intercept (0028,1052), by default 1 and 0.

    Raises:
        ImageError: they aren't usable numbers.
    """
    slope, intercept = _first(dataset.get("RescaleSlope"), 1.0), _first(dataset.get("RescaleIntercept"), 0.0)
    if not (math.isfinite(slope) and math.isfinite(intercept) and 0 < abs(slope) < 1e9 and abs(intercept) < 1e9):
        raise ImageError("damaged", "The header's rescale slope or intercept isn't usable.")
    return slope, intercept


def shrink(values: np.ndarray, halvings: int) -> np.ndarray:
    """Average over blocks of 2**halvings × 2**halvings; those at the bottom and right edge may be smaller.

    Args:
        values: (rows, columns), integers or float32.
        halvings: 0 or more.

    Returns:
        float32 (ceil(rows / 2**halvings), ceil(columns / 2**halvings)).
    """
    if not halvings:
        return values.astype(np.float32, copy=False)
    step = 2**halvings
    wide: np.dtype[Any] = np.dtype(WIDE.get(values.dtype.str[1:], np.float32))
    if values.dtype == np.uint16 and int(values.max()) * step**2 < 1 << 16:
        wide = values.dtype  # the sums fit: half the memory to walk
    total = _add_up(_add_up(values, step, wide).T, step, wide).T.astype(np.float32)
    heights, widths = (
        np.minimum(step, side - step * np.arange(count, dtype=np.float32))
        for side, count in zip(values.shape, total.shape, strict=True)
    )
    total /= np.outer(heights, widths)
    return total


def _add_up(values: np.ndarray, step: int, wide: np.dtype) -> np.ndarray:
    """Return the sums of every `step` rows, of a type that they fit in."""
    sums = values[::step].astype(wide)
    for start in range(1, step):
        part = values[start::step]
        sums[: len(part)] += part
    return sums


def windows(dataset: Dataset, little: bool) -> tuple[Window | LookupTable, ...]:
    """Return the file's windows, Window Center (0028,1050) and Width (0028,1051), then its VOI LUTs (0028,3010).

    They are for people only, so what isn't usable of them is left out.
    """
    function = dataset.get("VOILUTFunction") or "LINEAR"
    function = str(function[0] if isinstance(function, MultiValue) else function).strip().upper()
    function = function if function in FUNCTIONS else "LINEAR"
    usable: list[Window | LookupTable] = []
    with suppress(ValueError):  # no number
        for pair in zip(_all(dataset.get("WindowCenter")), _all(dataset.get("WindowWidth")), strict=False):
            if math.isfinite(sum(pair)) and pair[1] > 0:
                usable.append(Window(*pair, function))
    for item in dataset.get("VOILUTSequence") or []:
        with suppress(ImageError, AttributeError, TypeError, ValueError):
            usable.append(_table(item, little))
    return tuple(usable)


def _table(item: Dataset, little: bool) -> LookupTable:
    """Return a look-up table: LUT Descriptor (0028,3002) and LUT Data (0028,3006).

    Raises:
        ImageError: it contradicts its descriptor.
    """
    count, first, bits = (int(value) for value in item.LUTDescriptor)
    count = count or 1 << 16
    values = _lut_data(item.LUTData, count, little)
    if values.size < count or not 8 <= bits <= 16:
        raise ImageError("damaged", "The header's look-up table contradicts its descriptor.")
    return LookupTable(first, values[:count].astype(np.float32), bits)


def _lut_data(data: Any, count: int, little: bool) -> np.ndarray:
    """Return a table's entries; 8-bit ones may be packed two to a word."""
    if isinstance(data, bytes):
        return np.frombuffer(data, np.uint8 if len(data) in (count, count + 1) else "<u2" if little else ">u2")
    return np.asarray(data, np.int64).ravel()


def display(
    mammogram: Mammogram, window: Window | LookupTable | None = None, levels: tuple[float, float] | None = None
) -> np.ndarray:
    """Return the picture for people.

    Args:
        mammogram: the image.
        window: grey-level window or table; by default the file's first, or a window over the breast's own values where it
            has none, or one that leaves hardly anything to see: some converted files kept that of their former bits.
        levels: percentiles of the values above the lowest that become black and white, in place of any window.

    Returns:
        uint8 (rows, columns) of `mammogram.pixels`.
    """
    chosen = window or (mammogram.windows[0] if mammogram.windows else None)
    values = mammogram.pixels
    inside = values > values.min()
    if chosen is not None and levels is None:
        inversion_sum = mammogram.inversion_sum
        share = chosen.apply(values) if inversion_sum is None else 1 - chosen.apply(inversion_sum - values)
        if window or not inside.any():
            return np.round(share * 255).astype(np.uint8)
        dark, bright = np.percentile(share[inside], DISPLAY_PERCENTILES)
        if bright >= LEAST_BRIGHT and dark <= MOST_DARK:
            return np.round(share * 255).astype(np.uint8)
    low, high = np.percentile(values[inside], levels or DISPLAY_PERCENTILES) if inside.any() else (0.0, 1.0)
    return np.round(np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def _all(value: Any) -> list[float]:
    if value is None or value == "":
        return []
    return [float(item) for item in value] if isinstance(value, MultiValue) else [float(value)]


def _first(value: object, default: float) -> float:
    return next(iter(_all(value)), default)
