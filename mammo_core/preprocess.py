"""Mammogram → model input: the one preprocessing contract, used by import, training and prediction alike.

Find the breast, crop it, turn its chest wall to the left edge, scale its grey levels by its own percentiles, reduce it by
area averaging with its aspect ratio kept, and leave everything else exactly 0. A change of any parameter, or of what this
module does with them, is a new contract.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from mammo_core.dicom import Mammogram, read
from mammo_core.errors import ConfigError, ImageError

VERSION = 1  # of what this module does with the parameters


@dataclass(frozen=True)
class Contract:
    """The parameters of preprocessing.

    Attributes:
        size: side of the model input in pixels.
        low_percentile, high_percentile: of the breast's values; they become 0 and 1.
        floor: grey level in [0, 1] that the breast's darkest values get, so that breast and background differ.
        version: of this module's procedure.
    """

    size: int = 256
    low_percentile: float = 1.0
    high_percentile: float = 99.5
    floor: float = 0.05
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as a JSON document."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Contract":
        """Read the parameters.

        Raises:
            ConfigError: they aren't those of a contract that this version can fulfil.
        """
        try:
            contract = cls(**document)
        except TypeError:
            raise ConfigError(
                "The preprocessing contract has other parameters than this version knows."
            ) from None
        if contract.version != VERSION:
            raise ConfigError(
                f"The preprocessing contract is version {contract.version}; this is version {VERSION}."
            )
        return contract

    @property
    def identity(self) -> str:
        """Return a hash of the parameters, 16 hex digits."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Geometry:
    """Where the model input lies in the source.

    Attributes:
        source_rows, source_columns: of the file, in pixels.
        top, left, bottom, right: the crop, in source pixels; bottom and right are exclusive.
        flipped: whether the crop was mirrored, so that the chest wall lies at the left.
        offset_row, offset_column: where the crop begins in the model input, in pixels.
        content_rows, content_columns: how much of the model input it fills.
    """

    source_rows: int
    source_columns: int
    top: int
    left: int
    bottom: int
    right: int
    flipped: bool
    offset_row: int
    offset_column: int
    content_rows: int
    content_columns: int

    def to_json(self) -> dict[str, Any]:
        """Return the geometry as a JSON document."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Geometry":
        """Read a geometry."""
        return cls(**document)


@dataclass(frozen=True)
class Prepared:
    """A model input.

    Attributes:
        image: uint8 (size, size); 0 is background.
        geometry: where it lies in the source.
        notes: sentences about what was unusual.
    """

    image: np.ndarray
    geometry: Geometry
    notes: tuple[str, ...] = ()


def prepare_source(source: Path | bytes, contract: Contract) -> Prepared:
    """Read a DICOM file and prepare it.

    Raises:
        ImageError: the file can't become a mammogram, or holds no breast.
    """
    return prepare(read(source, wanted=contract.size), contract)


def prepare(mammogram: Mammogram, contract: Contract) -> Prepared:
    """Turn a mammogram into a model input.

    Raises:
        ImageError: it holds no breast.
    """
    pixels = mammogram.pixels
    mask = find_breast(pixels)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    crop, inside = pixels[top:bottom, left:right], mask[top:bottom, left:right]
    flipped = chest_right(inside)
    if flipped:
        crop, inside = crop[:, ::-1], inside[:, ::-1]
    low, high = np.percentile(crop[inside], [contract.low_percentile, contract.high_percentile])
    grey = np.clip((crop - low) / max(float(high - low), 1e-6), 0, 1) * (1 - contract.floor) + contract.floor
    grey[~inside] = 0

    size = contract.size
    scale = size / max(crop.shape)
    height, width = (max(1, round(side * scale)) for side in crop.shape)
    offset = (size - height) // 2
    image = np.zeros((size, size), np.uint8)
    image[offset : offset + height, :width] = np.round(_resize(grey, height, width) * 255)
    factor = 2**mammogram.reduction
    geometry = Geometry(
        source_rows=mammogram.source_rows,
        source_columns=mammogram.source_columns,
        top=top * factor,
        left=left * factor,
        bottom=min(bottom * factor, mammogram.source_rows),
        right=min(right * factor, mammogram.source_columns),
        flipped=flipped,
        offset_row=offset,
        offset_column=0,
        content_rows=height,
        content_columns=width,
    )
    return Prepared(image, geometry)


def _resize(grey: np.ndarray, height: int, width: int) -> np.ndarray:
    """Average over areas (box filter), float32 → float32 in [0, 1]."""
    return np.clip(np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BOX)), 0, 1)


COARSE = 256  # side in pixels, about, of the image in which the breast is looked for
LEAST_SHARE = 0.01  # of the frame; a smaller largest component is no breast
BORDER_SHARE = (
    0.5  # a component that covers this much of the frame's outline and little of its inside is a border
)


def find_breast(pixels: np.ndarray) -> np.ndarray:
    """Find the breast: the largest connected region that is brighter than the background.

    Args:
        pixels: float32 (rows, columns), bright = dense.

    Returns:
        bool (rows, columns).

    Raises:
        ImageError: there is none.
    """
    step = max(1, max(pixels.shape) // COARSE)
    coarse = pixels[::step, ::step]
    background = float(np.percentile(coarse, 2))
    bright = float(np.percentile(coarse, 99)) - background
    if bright <= 0:
        raise ImageError("blank", "The image is blank: it holds no breast.")
    level = background + _threshold((coarse - background) / bright) * bright
    opened = ndimage.binary_opening(np.pad(coarse > level, 2, mode="edge"), iterations=2)[2:-2, 2:-2]
    labels, count = ndimage.label(opened)
    if count == 0:
        raise ImageError("blank", "The image holds no breast: nothing in it stands out from the background.")
    areas = np.bincount(labels.ravel())[1:]
    largest = labels == 1 + int(areas.argmax())
    if areas.max() < LEAST_SHARE * largest.size or float(np.ptp(coarse[largest])) <= 0:
        raise ImageError(
            "blank", "The image holds no breast: what stands out from the background is too small."
        )
    return _refine(np.asarray(ndimage.binary_fill_holes(largest)), pixels > level, step)


def _refine(coarse: np.ndarray, foreground: np.ndarray, step: int) -> np.ndarray:
    """Bring a mask of every step-th pixel to full resolution; its outline follows the foreground, the thin skin line too."""
    inner = ndimage.binary_erosion(coarse, border_value=1)
    outer = ndimage.binary_dilation(coarse, iterations=2)
    rows, columns = foreground.shape
    inner, outer = (np.repeat(np.repeat(mask, step, 0), step, 1)[:rows, :columns] for mask in (inner, outer))
    return inner | (outer & foreground)


def _threshold(values: np.ndarray) -> float:
    """Return the grey level in [0, 1] that parts air from breast: low, since the skin line is faint.

    Args:
        values: grey levels, 0 = darkest, about 1 = brightest.
    """
    histogram, edges = np.histogram(np.clip(values, 0, 1), bins=128, range=(0, 1))
    weight = np.cumsum(histogram)
    total = weight[-1]
    mean = np.cumsum(histogram * (edges[:-1] + edges[1:]) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean[-1] * weight - total * mean) ** 2 / (weight * (total - weight))
    otsu = float(edges[int(np.nanargmax(between[:-1])) + 1])
    return min(0.35 * otsu, 0.15)


def chest_right(mask: np.ndarray) -> bool:
    """Return whether the chest wall lies at the right: there is more breast in the right half.

    Args:
        mask: bool (rows, columns), the breast within its own box.
    """
    half = mask.shape[1] // 2
    return bool(mask[:, -half:].sum() > mask[:, :half].sum()) if half else False


def to_tensor(images: np.ndarray) -> np.ndarray:
    """Return float32 (n, size, size, 1) in [0, 1] for uint8 (n, size, size)."""
    return (images.astype(np.float32) / np.float32(255))[..., np.newaxis]


def to_source(heatmap: np.ndarray, geometry: Geometry, rows: int, columns: int) -> np.ndarray:
    """Lay a map of the model input over the source.

    Args:
        heatmap: float (h, w) that covers the model input.
        geometry: of the model input.
        rows, columns: wanted size of the whole source frame; any, in its aspect ratio.

    Returns:
        float32 (rows, columns), 0 outside the crop.
    """
    size = max(geometry.content_rows, geometry.content_columns)
    scale_row, scale_column = heatmap.shape[0] / size, heatmap.shape[1] / size
    box = (
        geometry.offset_column * scale_column,
        geometry.offset_row * scale_row,
        (geometry.offset_column + geometry.content_columns) * scale_column,
        (geometry.offset_row + geometry.content_rows) * scale_row,
    )
    top = round(geometry.top * rows / geometry.source_rows)
    bottom = max(top + 1, round(geometry.bottom * rows / geometry.source_rows))
    left = round(geometry.left * columns / geometry.source_columns)
    right = max(left + 1, round(geometry.right * columns / geometry.source_columns))
    picture = Image.fromarray(heatmap.astype(np.float32))
    content = np.asarray(picture.resize((right - left, bottom - top), Image.Resampling.BICUBIC, box=box))
    whole = np.zeros((rows, columns), np.float32)
    whole[top:bottom, left:right] = content[:, ::-1] if geometry.flipped else content
    return whole
