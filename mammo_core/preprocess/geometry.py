"""Exact area averages of a source, and heatmaps mapped back to it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import sparse

from mammo_core.documents.geometry import Geometry


@dataclass(frozen=True)
class Raster:
    """A part of the source, divided into equal squares.

    Attributes:
        top, left: of the part, in source pixels and fractions of them.
        step: side of a square in source pixels.
        rows, columns: number of squares.
    """

    top: float
    left: float
    step: float
    rows: int
    columns: int

    def average(self, pixels: np.ndarray, step: float, shift: float = 0.0) -> np.ndarray:
        """Average over the areas of the squares.

        Args:
            pixels: the complete source at some resolution.
            step: side of one of these pixels in source pixels.
            shift: see `Mammogram.shift`.

        Returns:
            float32 (rows, columns); 0 where a square is outside the source.
        """
        down, top = _weights((self.top + shift) / step, self.step / step, self.rows, pixels.shape[0])
        across, left = _weights((self.left + shift) / step, self.step / step, self.columns, pixels.shape[1])
        part = pixels[top : top + down.shape[1], left : left + across.shape[1]]
        return (across @ np.ascontiguousarray((down @ part.astype(np.float32, copy=False)).T)).T


def crop_raster(geometry: Geometry) -> Raster:
    """Return the squares of the source that become the pixels of a model input.

    Mirroring comes afterwards.
    """
    rows, columns = geometry.input_shape
    height, width = geometry.bottom - geometry.top, geometry.right - geometry.left
    if height * (columns / rows) >= width:  # the breast fills the height of the model input, otherwise its width
        width = height * (columns / rows)
        step = height / rows
    else:
        height = width * (rows / columns)
        step = width / columns
    left = geometry.right - width if geometry.flipped else geometry.left
    return Raster((geometry.top + geometry.bottom - height) / 2, left, step, rows, columns)


@lru_cache(maxsize=64)  # used several times for an image, and again for the next image of its size
def _weights(start: float, width: float, count: int, length: int) -> tuple[sparse.csr_array, int]:
    """Return the weights with which pixels are averaged into equal parts of a line.

    Args:
        start: of the first part, in pixels.
        width: of a part, in pixels.
        count: of parts.
        length: of the line, in pixels.

    Returns:
        Weights (count, pixels in use), and the index of the first pixel in use.
    """
    edges = start + np.arange(count + 1) * width
    pixel = np.floor(edges[:-1, None]).astype(np.int32) + np.arange(int(np.ceil(width)) + 1, dtype=np.int32)
    overlap = np.minimum(pixel + 1, edges[1:, None]) - np.maximum(pixel, edges[:-1, None])  # (count, reach)
    used = (overlap > 1e-6) & (pixel >= 0) & (pixel < length)
    overlap = np.where(used, overlap, 0)
    share = (overlap / np.maximum(overlap.sum(axis=1, keepdims=True), 1e-6)).astype(np.float32)
    begins = np.concatenate([[0], np.cumsum(used.sum(axis=1))]).astype(np.int32)
    first, last = int(pixel[used].min()), int(pixel[used].max())
    return sparse.csr_array((share[used], pixel[used] - first, begins), shape=(count, last + 1 - first)), first


def to_source(heatmap: np.ndarray, geometry: Geometry, rows: int, columns: int) -> np.ndarray:
    """Map a heatmap of the model input back to the source.

    Args:
        heatmap: float (h, w) that covers the model input.
        geometry: of the model input.
        rows: of the result, which covers the complete source frame; any number.
        columns: likewise.

    Returns:
        float32 (rows, columns), 0 outside the crop; linear interpolation keeps it within the heatmap's range.
    """
    input_rows, input_columns = geometry.input_shape
    scale_row, scale_column = heatmap.shape[0] / input_rows, heatmap.shape[1] / input_columns
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
    content = np.asarray(picture.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=box))
    frame = np.zeros((rows, columns), np.float32)
    frame[top:bottom, left:right] = content[:, ::-1] if geometry.flipped else content
    return frame
