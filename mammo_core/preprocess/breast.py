"""Locate the breast in a frame that may also show borders, letters and lines."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import ndimage

from mammo_core.errors import ImageError

MIN_BREAST_SHARE = 0.01  # of the frame; a smaller largest region isn't a breast
MIN_AIR_SHARE = 0.05  # of the frame; a dark peak of the histogram with fewer pixels is fatty tissue, not air
CONSTANT = 0.001  # of the frame's grey range; a line with a smaller range has a single grey level
BORDER_RANGE = 0.03  # of the frame's grey range; a bright border varies less than this
BORDER_LEVEL = 0.5  # of the frame's grey range; a bright border is brighter than this
MAX_MEDIAN_TO_Q1 = 2.0  # ratio of a breast's median to its lower quartile; above this it probably has an implant
BORDER_STEP = 0.05  # of the frame's grey range; a line whose darkest pixel exceeds the next line's by more is a border
EDGE = 0.25  # of the breast's median; a sharp outline crosses this level steeply, so that the box is stable
MIN_CORRELATION = 0.4  # of neighbouring pixels; tissue has 0.8 and more, noise none


@dataclass(frozen=True)
class Breast:
    """The region of the breast in a coarse image, and its grey levels.

    Attributes:
        mask: bool (rows, columns).
        core: the mask without its outermost pixels: certainly breast.
        near: the mask and the pixels around it, where the grey level decides.
        air, skin, edge: grey levels of the air, at which the skin begins, and at which the bounding box ends.
    """

    mask: np.ndarray
    core: np.ndarray
    near: np.ndarray
    air: float
    skin: float
    edge: float


def find_breast(coarse: np.ndarray, skin: float) -> Breast:
    """Find the breast: the largest connected region that is brighter than air.

    Args:
        coarse: float32 (rows, columns), bright = dense.
        skin: grey level at which the skin begins, between air (0) and the breast's median (1).

    Raises:
        ImageError: there is no breast.
    """
    frame = _without_border(coarse)
    picture = coarse[frame]
    air, noise, bright = _levels(picture)
    level = _skin_level(air, noise, bright, skin)
    largest = _largest(picture > level)
    tissue = _typical_level(picture[largest])
    if tissue < bright:  # letters or an implant had raised the level too far
        level = _skin_level(air, noise, tissue, skin)
        largest = _largest(picture > level)
    foreground = picture > level
    if largest.sum() < MIN_BREAST_SHARE * coarse.size:
        raise ImageError("blank", "The image shows no breast: what stands out from the background is too small.")
    if _correlation(picture, largest) < MIN_CORRELATION:
        raise ImageError("blank", "The image shows no breast: it is nothing but noise.")
    filled = _filled(largest | (_grown(_grown(largest)) & foreground))  # restores the corners that `_largest` removed
    mask, core, near = (np.zeros(coarse.shape, bool) for _ in range(3))
    mask[frame] = filled
    core[frame] = _shrunk(filled)
    near[frame] = _grown(filled)
    edge = air + EDGE * (float(np.median(picture[filled])) - air)
    return Breast(mask, core, near, air, level, max(level, edge))


def _without_border(picture: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns inside burned-in borders and constant lines.

    Raises:
        ImageError: nothing remains.
    """
    rows, columns = _trimmed(picture.T, slice(None)), _trimmed(picture, slice(None))
    rows, columns = _trimmed(picture.T, columns), _trimmed(picture, rows)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise ImageError("blank", "The image is blank: it has one grey level, or nothing but a border.")
    return rows, columns


def _trimmed(picture: np.ndarray, rows: slice) -> slice:
    """Return the column range inside constant columns and bright borders.

    These are trimmed from both sides. A column belongs to a bright border if even its darkest pixel is bright.

    Args:
        picture: (rows, columns).
        rows: within which the grey levels of a column are compared.
    """
    grey_range, part = float(np.ptp(picture)), picture[rows]
    if not part.size:
        return slice(0, 0)
    spread, bright = np.ptp(part, axis=0), picture.min() + BORDER_LEVEL * grey_range
    border = (spread <= CONSTANT * grey_range) | ((spread <= BORDER_RANGE * grey_range) & (part.min(axis=0) > bright))
    varied = np.flatnonzero(~border)
    if not varied.size:
        return slice(0, 0)
    first, last, darkest = int(varied[0]), int(varied[-1]), picture.min(axis=0)
    while first < last and darkest[first] > darkest[first + 1] + BORDER_STEP * grey_range:
        first += 1
    while first < last and darkest[last] > darkest[last - 1] + BORDER_STEP * grey_range:
        last -= 1
    return slice(first, last + 1)


def _largest(foreground: np.ndarray) -> np.ndarray:
    """Return the largest connected region, without thin lines.

    It is bool like the foreground.

    Raises:
        ImageError: there is no region.
    """
    labels, count = cast(tuple[np.ndarray, int], ndimage.label(_grown(_shrunk(foreground))))
    if count == 0:
        raise ImageError("blank", "The image shows no breast: nothing in it stands out from the background.")
    return np.equal(labels, 1 + int(np.bincount(labels.ravel())[1:].argmax()))


def _typical_level(tissue: np.ndarray) -> float:
    """Return the typical grey level of breast tissue.

    It is the median, unless half of the breast is an implant.
    """
    quarter, half = np.percentile(tissue, [25, 50])
    return float(min(half, MAX_MEDIAN_TO_Q1 * quarter))


def _levels(picture: np.ndarray) -> tuple[float, float, float]:
    """Return the grey levels of air, of its noise and of bright pixels.

    The last is the median of the pixels brighter than Otsu's threshold. Air is the peak of the histogram below that
    threshold, or its dark end if the breast fills the frame.
    """
    low, high = (float(value) for value in np.percentile(picture, [0.5, 99.5]))
    if not high > low:
        raise ImageError("blank", "The image is blank: it has one grey level.")
    histogram, edges = np.histogram(np.clip(picture, low, high), bins=256, range=(low, high))
    threshold = _otsu(histogram)
    peak = int(histogram[:threshold].argmax())
    has_air = histogram[max(0, peak - 1) : peak + 2].sum() >= MIN_AIR_SHARE * picture.size
    air = float(edges[peak] + edges[peak + 1]) / 2 if has_air and peak else low
    darker = picture[picture < air]
    noise = 1.4826 * float(np.median(air - darker)) if has_air and darker.size else 0.0
    return air, noise, float(np.median(picture[picture > edges[threshold]]))


def _skin_level(air: float, noise: float, tissue: float, skin: float) -> float:
    """Return the grey level at which the skin begins, above the air's noise."""
    return air + max(skin * (tissue - air), 4 * noise)


def _otsu(histogram: np.ndarray) -> int:
    """Return the first bin of the brighter class, 1 or more (Otsu 1979)."""
    weight, mean = np.cumsum(histogram)[:-1], np.cumsum(histogram * np.arange(histogram.size))
    total = int(histogram.sum())
    between = (mean[-1] * weight - total * mean[:-1].astype(float)) ** 2 / np.maximum(weight * (total - weight), 1)
    return int(between.argmax()) + 1


def _correlation(picture: np.ndarray, mask: np.ndarray) -> float:
    """Return the correlation of vertical neighbours within the mask.

    It is 1 for a smooth picture, 0 for white noise.
    """
    pairs = mask[1:] & mask[:-1]
    steps = picture[1:][pairs] - picture[:-1][pairs]
    variance = float(picture[mask].var())
    return 1 - float(np.mean(steps**2)) / (2 * variance) if variance > 0 and steps.size else 0.0


def _grown(mask: np.ndarray) -> np.ndarray:
    """Add the pixels above, below, left and right of the mask.

    This is four times as fast as SciPy's dilation.
    """
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _shrunk(mask: np.ndarray) -> np.ndarray:
    """Remove the mask's outermost pixels, except at the edge of the frame."""
    return ~_grown(~mask)


def _filled(mask: np.ndarray) -> np.ndarray:
    """Add the pixels that the mask encloses."""
    labels, _ = cast(tuple[np.ndarray, int], ndimage.label(~mask))
    outside = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return ~np.isin(labels, outside[outside > 0])


def chest_right(mask: np.ndarray) -> bool:
    """Return whether the chest wall is at the right.

    It is where the breast's outer quarter has more pixels.

    Args:
        mask: bool (rows, columns).
    """
    columns = np.flatnonzero(mask.any(axis=0))
    heights = mask[:, columns[0] : columns[-1] + 1].sum(axis=0)
    quarter = max(1, heights.size // 4)
    return bool(heights[-quarter:].sum() > heights[:quarter].sum())


def bounding_box(coarse: np.ndarray, breast: Breast) -> list[float]:
    """Return top, left, bottom and right of the breast in coarse pixels.

    They have subpixel precision: a box of entire pixels would jump by one pixel after a minimal change of grey level.
    """
    inside = np.where(breast.near, coarse, breast.air)
    top, bottom = _span(inside.max(axis=1), breast.edge)
    left, right = _span(inside.max(axis=0), breast.edge)
    return [top, left, bottom, right]


def _span(profile: np.ndarray, level: float) -> tuple[float, float]:
    """Return where a profile first rises above a level and last falls below it."""
    indices = np.flatnonzero(profile >= level)
    first, last = int(indices[0]), int(indices[-1])
    start, end = float(first), float(last + 1)
    if first > 0:
        start += _crossing(profile[first - 1], profile[first], level) - 0.5
    if last + 1 < profile.size:
        end -= _crossing(profile[last + 1], profile[last], level) - 0.5
    return start, end


def _crossing(below: float, above: float, level: float) -> float:
    """Return where a line from `below` to `above` crosses a level, in [0, 1]."""
    return float(np.clip((level - below) / (above - below), 0, 1)) if above > below else 0.5
