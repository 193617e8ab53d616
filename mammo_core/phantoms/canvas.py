"""Define pixel grids with the coordinates in which tissue is drawn.

The coordinates are mm, the distance from the skin, and the flow towards the nipple.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt, gaussian_filter, uniform_filter

from mammo_core.phantoms.anatomy import HEIGHT, WIDTH, Outline, Points

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to
COARSE_MM = 0.6  # grid on which distances are measured before they are smoothed and interpolated


@dataclass(frozen=True)
class Canvas:
    """One view of one breast on a grid, chest wall at column 0.

    Attributes:
        pitch: side of a pixel in mm.
        x: distance from the chest wall in mm, float32 (1, columns).
        y: distance from the top of the frame in mm, float32 (rows, 1).
        depth: distance from the skin in mm, positive inside, float32 (rows, columns).
        across: -1 at the upper to 1 at the lower outline, along curves that all meet at the nipple; float32 (rows, columns).
        outline: the outline it was made from.
    """

    pitch: float
    x: Field
    y: Field
    depth: Field
    across: Field
    outline: Outline

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.depth.shape

    def halved(self) -> "Canvas":
        """Return the view with every second row and column.

        Layers without fine detail are drawn on it.
        """
        return Canvas(
            self.pitch * 2,
            self.x[:, ::2],
            self.y[::2],
            np.ascontiguousarray(self.depth[::2, ::2]),
            np.ascontiguousarray(self.across[::2, ::2]),
            self.outline,
        )

    def half_height(self, x: Field) -> Field:
        """Return the distance from the nipple's axis to the outline on either side.

        It is given as a share of the full height.
        """
        reach = np.float32(self.outline.nipple[0] + 11)
        inside = np.clip(1 - (np.maximum(x, 0) / reach) ** 2.1, 0.0004, 1)
        return inside ** np.float32(0.5)

    def axis(self, x: Field) -> Field:
        """Return y of the nipple's axis, in mm, at distances x from the chest wall."""
        level = self.outline.nipple[1]
        return (level - self.outline.slope * (self.outline.nipple[0] - x)).astype(np.float32)

    def to_y(self, x: Field, across: Field) -> Field:
        """Return y, in mm, of points given by x and across."""
        sides = np.where(across < 0, self.outline.upper, self.outline.lower).astype(np.float32)
        return self.axis(x) + across * self.half_height(x) * sides


def make_canvas(outline: Outline, pitch: float) -> Canvas:
    """Make a canvas for the frame, cropped slightly beyond the breast.

    Its pixels measure `pitch` mm.
    """
    rows = round(HEIGHT / pitch)
    columns = round(min(WIDTH, outline.skin[:, 0].max() + 3) / pitch)
    x = ((np.arange(columns, dtype=np.float32) + 0.5) * np.float32(pitch))[None]
    y = ((np.arange(rows, dtype=np.float32) + 0.5) * np.float32(pitch))[:, None]
    depth = signed_distance(outline.skin, (rows, columns), pitch)
    bare = Canvas(pitch, x, y, depth, depth, outline)
    away = y - bare.axis(x)
    sides = np.where(away < 0, np.float32(outline.upper), np.float32(outline.lower))
    across = away / (bare.half_height(x) * sides)
    return Canvas(pitch, x, y, depth, np.clip(across, -6, 6).astype(np.float32), outline)


def signed_distance(polygon: Points, shape: tuple[int, int], pitch: float) -> Field:
    """Return the distance in mm from a polygon's edge, positive inside.

    The distance is smooth to a fraction of a pixel. The polygon is rasterised with margins, because tissue continues
    beyond the edge of the frame.
    """
    coarse = max(pitch, COARSE_MM)
    margin = 12
    size = (round(shape[1] * pitch / coarse) + 2 * margin, round(shape[0] * pitch / coarse) + 2 * margin)
    image = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(image).polygon([tuple(p) for p in (polygon / coarse + margin) * 4], fill=255)
    share = np.asarray(image.reduce(4), np.float32) / 255
    ramp = uniform_filter(share, 3)  # linear within a pixel of the edge, and a half on it
    inside, outside = _to_edge(ramp, ramp >= 0.5), _to_edge(1 - ramp, ramp < 0.5)
    distance = gaussian_filter(np.where(ramp >= 0.5, inside, -outside), 0.7) * np.float32(coarse)
    box = (margin, margin, margin + shape[1] * pitch / coarse, margin + shape[0] * pitch / coarse)
    return np.asarray(Image.fromarray(distance).resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box))


def _to_edge(ramp: Field, region: npt.NDArray[np.bool_]) -> Field:
    """Return the distance, in pixels, of each pixel of a region from its edge.

    The ramp makes it accurate to a fraction of a pixel.
    """
    away, nearest = distance_transform_edt(region, return_indices=True)
    return (away - 3 * (0.5 - ramp[tuple(nearest)])).astype(np.float32)
