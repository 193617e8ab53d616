"""A mammogram → its model input."""

import math
from dataclasses import dataclass

import numpy as np

from mammo_core.dicom.header import Source
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.read import read
from mammo_core.documents.geometry import Geometry
from mammo_core.documents.manifest import SideMarker
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.preprocess.breast import Breast, bounding_box, chest_right, find_breast
from mammo_core.preprocess.geometry import Raster, crop_raster
from mammo_core.preprocess.side_marker import read_side_marker

LEVELS = 255  # grey levels above 0 of a model input
MAX_STEP = 2  # largest acceptable quantisation step of the decoded source, in grey levels of a model input
# Upper bound on (grey range of breast tissue) / (contrast of the image, see `codecs.decode`). Phantoms have 2.8 to 4.0.
BREAST_SPAN = 4.0
DECODER_STEP = BREAST_SPAN / LEVELS  # of the image's contrast: about one grey level of a model input
MAX_COARSE_SIDE = 256  # pixels: longer side of the image in which the breast is located


@dataclass(frozen=True)
class ModelInput:
    """A prepared image, as a network reads it after `to_tensor`.

    Attributes:
        image: uint8 (rows, columns); 0 is background.
        geometry: its position in the source.
        span: difference between the breast's high and low percentile, in modality values.
        side_marker: the side that is burnt in beside the breast.
    """

    image: np.ndarray
    geometry: Geometry
    span: float
    side_marker: SideMarker = "not read"


def prepare_source(source: Source, preprocessing: PreprocessingConfig) -> ModelInput:
    """Read a DICOM file and prepare it.

    Raises:
        ImageError: the file isn't a readable mammogram, or shows no breast.
    """
    return read_and_prepare(source, preprocessing)[1]


def read_and_prepare(
    source: Source, preprocessing: PreprocessingConfig, *, strict: bool = False
) -> tuple[Mammogram, ModelInput]:
    """Read a DICOM file at the resolution that preprocessing needs, and prepare it.

    The decoder leaves out the lowest bits as far as they seem to be worth less than a grey level of the model input.
    Only after the breast has been found is their worth known; if they are worth more, the file is decoded a second
    time.

    Args:
        source: the file.
        preprocessing: the parameters.
        strict: see `mammo_core.dicom.read`.

    Raises:
        ImageError: the file isn't a readable mammogram, or shows no breast.
    """
    side = max(preprocessing.shape)
    mammogram = read(source, side, max_step=DECODER_STEP, strict=strict)
    prepared = prepare(mammogram, preprocessing)
    if mammogram.quantisation_step * LEVELS > MAX_STEP * prepared.span:
        mammogram = read(source, side, strict=strict)
        prepared = prepare(mammogram, preprocessing)
    return mammogram, prepared


def prepare(mammogram: Mammogram, preprocessing: PreprocessingConfig) -> ModelInput:
    """Turn a mammogram into a model input.

    Raises:
        ImageError: it shows no breast.
    """
    step, fine = _coarse_step(mammogram), 2**mammogram.reduction
    coarse, breast, box = _locate(mammogram, step, preprocessing.skin)
    geometry = _geometry(mammogram, box, chest_right(breast.mask), preprocessing.shape)

    raster = crop_raster(geometry)
    averages = raster.average(mammogram.pixels, fine, mammogram.shift)
    core = raster.average(breast.core, step)
    outline = np.clip((averages - breast.air) / (breast.skin - breast.air) - 0.5, 0, 1)  # half at the skin level
    coverage = np.maximum(core, np.minimum(outline, raster.average(breast.near, step)))
    inside = averages[core > 0.99]
    if inside.size == 0:
        raise ImageError("blank", "The image shows no breast: what stands out from the background is too thin.")
    low, high = np.percentile(inside, [preprocessing.low_percentile, preprocessing.high_percentile])
    every_bit = not mammogram.quantisation_step  # otherwise another decoding may show more
    if math.isclose(low, high, rel_tol=1e-5) and every_bit:
        raise ImageError("not_mammogram", "This is a mask, not a mammogram: what stands out has one grey level.")
    shares = np.clip((averages - low) / max(float(high - low), 1e-6), 0, 1)
    scaled = shares * (1 - preprocessing.floor) + preprocessing.floor
    image = np.round(scaled * coverage * LEVELS).astype(np.uint8)
    if geometry.flipped:
        image = np.ascontiguousarray(image[:, ::-1])
    outside = (coarse > breast.skin) & ~breast.near
    side_marker = read_side_marker(mammogram.pixels, outside, step // fine, breast.air)
    return ModelInput(image, geometry, float(high - low), side_marker)


def locate_breast(mammogram: Mammogram, skin: float) -> tuple[list[float], bool]:
    """Return the box of the breast, and whether the chest wall lies at its right.

    Args:
        mammogram: at any resolution.
        skin: see `find_breast`.

    Returns:
        Top, left, bottom and right in source pixels and fractions of them; and the side.

    Raises:
        ImageError: it shows no breast.
    """
    _, breast, box = _locate(mammogram, _coarse_step(mammogram), skin)
    return box, chest_right(breast.mask)


def _locate(mammogram: Mammogram, step: int, skin: float) -> tuple[np.ndarray, Breast, list[float]]:
    """Return a coarse image, the breast in it, and its box in source pixels.

    Args:
        mammogram: at any resolution.
        step: side of a coarse pixel in source pixels.
        skin: see `find_breast`.
    """
    frame = Raster(0, 0, step, -(-mammogram.source_rows // step), -(-mammogram.source_columns // step))
    coarse = frame.average(mammogram.pixels, 2**mammogram.reduction, mammogram.shift)
    breast = find_breast(coarse, skin)
    return coarse, breast, [edge * step for edge in bounding_box(coarse, breast)]


def _coarse_step(mammogram: Mammogram) -> int:
    """Return the side of a coarse image's pixel in source pixels: a power of two."""
    longest = max(mammogram.source_rows, mammogram.source_columns)
    return 2 ** max(mammogram.reduction, math.ceil(math.log2(longest / MAX_COARSE_SIDE)))


def _geometry(mammogram: Mammogram, box: list[float], flipped: bool, shape: tuple[int, int]) -> Geometry:
    """Return the geometry of a model input that shows a box of the source.

    The box is given by top, left, bottom and right; the shape of the model input by rows and columns.
    """
    rows, columns = mammogram.source_rows, mammogram.source_columns
    top, left, bottom, right = box[0], box[1], min(box[2], rows), min(box[3], columns)
    scale = min(shape[0] / (bottom - top), shape[1] / (right - left))
    height, width = (bottom - top) * scale, (right - left) * scale
    return Geometry(
        source_rows=rows,
        source_columns=columns,
        top=top,
        left=left,
        bottom=bottom,
        right=right,
        flipped=flipped,
        offset_row=(shape[0] - height) / 2,
        offset_column=0.0,
        content_rows=height,
        content_columns=width,
        input_rows=None if shape[0] == shape[1] else shape[0],
        input_columns=None if shape[0] == shape[1] else shape[1],
    )


def to_tensor(images: np.ndarray) -> np.ndarray:
    """Return float32 (n, rows, columns, 1) in [0, 1] for uint8 (n, rows, columns)."""
    return (images.astype(np.float32) / np.float32(255))[..., np.newaxis]
