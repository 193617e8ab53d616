"""Draw tissue on a canvas in layers.

The layers are fat, glands, strands, vessels, skin, nipple, muscle and implants.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_core.phantoms.anatomy import GLANDULAR, Breast
from mammo_core.phantoms.canvas import Canvas, signed_distance
from mammo_core.phantoms.texture import enlarge, power_law, ridges, sample, smooth_noise, splat

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to
TILE = 512  # pixels of a periodic noise tile


@dataclass(frozen=True)
class Strands:
    """A family of curves.

    Attributes:
        count: number of curves.
        sigma_mm: half width, as the standard deviation of a Gaussian; the same for all families of one layer.
        bright: mean brightness above the tissue.
        length_mm: shortest and longest length.
        spread: scatter of their direction around the flow, rise over run.
    """

    count: int
    sigma_mm: float
    bright: float
    length_mm: tuple[float, float]
    spread: float


FINE_STRANDS = (Strands(640, 0.24, 0.038, (6, 40), 0.45), Strands(80, 0.24, 0.066, (20, 80), 0.28))
BROAD_STRANDS = (Strands(26, 0.45, 0.055, (30, 100), 0.22), Strands(5, 0.45, 0.075, (60, 130), 0.15))


@dataclass(frozen=True)
class Tissue:
    """A breast without lesions.

    Attributes:
        bright: brightness, about 0.2 in fat and 0.8 in glands.
        muscle: share of the pectoral muscle at every pixel, 0 to 1.
        implant: share of an implant, 0 to 1.
    """

    bright: Field
    muscle: Field
    implant: Field


def make_tissue(canvas: Canvas, breast: Breast, style: str, rng: np.random.Generator) -> Tissue:
    """Draw a breast without lesions; `style` is "contrast" (bright rim) or "flat"."""
    half = canvas.halved()
    flow = _flow(half, rng)
    broad = _fat(half, flow, rng) + _glands(half, breast, flow, rng) + _strands(half, BROAD_STRANDS, rng)
    broad *= np.clip(half.depth / np.float32(4), 0, 1) * np.float32(0.4) + np.float32(0.6)
    bright = enlarge(broad, canvas.shape) + _strands(canvas, FINE_STRANDS, rng)
    none = np.zeros(canvas.shape, np.float32)
    muscle, implant = none, none
    if len(canvas.outline.pectoral):
        deep = bright[::8, ::8][canvas.depth[::8, ::8] > 8]
        share, fibres = _muscle(half, np.quantile(deep, [0.72, 0.97]), rng)
        muscle = enlarge(share, canvas.shape)
        bright = bright * (1 - muscle * np.float32(0.65)) + muscle * enlarge(fibres, canvas.shape)
    if breast.implant:
        implant = _implant(canvas, rng)
    bright += enlarge(_skin(half, style, rng), canvas.shape) + _nipple(canvas, rng)
    return Tissue(bright, muscle, implant)


def _flow(canvas: Canvas, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return coordinates in mm along and across the strands.

    They are bent so that nothing repeats or lines up.
    """
    bend, other = smooth_noise(canvas.shape, 7.0, 3.0, rng), smooth_noise(canvas.shape, 7.0, 4.0, rng)
    height = np.float32(0.4 * (canvas.outline.upper + canvas.outline.lower))
    return canvas.x + np.float32(2.4) * bend, canvas.across * height + np.float32(2.4) * other


def _fat(canvas: Canvas, flow: tuple[Field, Field], rng: np.random.Generator) -> Field:
    """Return the layer of fat.

    Its brightness depends on the distance from the skin, with wisps of power-law noise along the flow.
    """
    profile = np.interp(canvas.depth, [0, 1.0, 3.0, 10, 18, 60], [0.08, 0.10, 0.13, 0.18, 0.225, 0.25])
    along, across = flow
    wisps = sample(power_law((TILE, TILE), 3.2, 7.0, rng), across * 1.9, along * 0.8)
    clouds = power_law(canvas.shape, 3.2, 3.5, rng)
    return profile.astype(np.float32) * (1 + np.float32(0.17) * wisps + np.float32(0.09) * clouds)


def _glands(canvas: Canvas, breast: Breast, flow: tuple[Field, Field], rng: np.random.Generator) -> Field:
    """Return the layer of glands: the glandular disc and a faint net in the fat.

    The disc consists of strands around dark lobules and has a feathery edge.
    """
    along, across = flow
    tile = power_law((TILE, TILE), 2.6, 9.0, rng)
    fine = power_law((TILE, TILE), 2.2, 16.0, rng)
    streaks = sample(tile, across * 2.3, along * 1.1)
    curls = sample(fine, across * 2.3 + 100, along * 1.6)
    coarse = sample(tile, across * 0.8 + 200, along * 0.65)
    share = _disc(canvas, breast, 0.5 * streaks + 0.5 * coarse + 0.25 * curls)
    net = 0.42 * ridges(streaks, 0.40) + 0.46 * ridges(curls, 0.42) + 0.16 * ridges(coarse, 0.30)
    lobes = np.clip(1 + 0.6 * coarse + 0.35 * streaks, 0.05, 2.4)
    body = np.float32(0.14 + 0.30 * GLANDULAR[breast.density]) * lobes
    gland = share * (body + np.float32(0.30) * net * (0.4 + 0.6 * lobes))
    elsewhere = np.clip(canvas.depth / 12, 0, 1) * (1 - share)
    return gland + np.float32(0.075) * elsewhere * net * np.clip(1 + 0.5 * coarse, 0.2, 2)


def _disc(canvas: Canvas, breast: Breast, noise: Field) -> Field:
    """Return the share of gland in each pixel.

    The gland is a disc behind the nipple; its size depends on the density class.
    """
    reach = canvas.outline.nipple[0]
    filled = GLANDULAR[breast.density]
    length = breast.gland_reach * (0.55 + 0.75 * filled) * reach
    centre = reach - 0.09 * reach - length * 0.45
    across = (canvas.across - np.float32(breast.gland_offset)) / np.float32(0.30 + 0.75 * filled)
    radius = ((canvas.x - np.float32(centre)) / np.float32(length * 0.55)) ** 2 + across**2
    level = 1.0 - np.sqrt(radius) + np.float32(0.36) * noise - np.float32(0.25 - 0.5 * filled)
    level = np.minimum(level, (canvas.depth - np.float32(6.0)) / 8 + 0.12 * noise)
    return 1 / (1 + np.exp(-np.clip(level * 5, -20, 20)))


def _strands(canvas: Canvas, kinds: tuple[Strands, ...], rng: np.random.Generator) -> Field:
    """Return the layer of ligaments, ducts and vessels.

    They are hundreds of thin curves that fan out from the nipple.
    """
    drawn = [(kind, _curves(canvas, kind, rng)) for kind in kinds]
    x, y = (np.concatenate([points[axis] for _, points in drawn]) for axis in (0, 1))
    weight = np.concatenate([points[2] * np.float32(kind.bright) for kind, points in drawn])
    lines = splat(x, y, weight, canvas.shape, kinds[0].sigma_mm / canvas.pitch)
    return lines * np.clip(1 + np.float32(0.45) * smooth_noise(canvas.shape, 4.0, 3.0, rng), 0.1, 2.5)


def _curves(canvas: Canvas, kind: Strands, rng: np.random.Generator) -> tuple[Field, Field, Field]:
    """Return column, row (pixels) and weight of the points of smooth curves."""
    count, spread, length = kind.count, kind.spread, kind.length_mm

    def each(draw: npt.NDArray[np.float64]) -> Field:
        return draw.astype(np.float32)[:, None]

    reach = np.float32(canvas.outline.nipple[0])
    s = np.linspace(0, 1, int(max(length) / canvas.pitch * 1.05), dtype=np.float32)[None]
    long = each(rng.uniform(*length, count))
    start = reach * (1.02 - each(rng.power(1.5, count)) * np.float32(1.1))
    height = np.float32((canvas.outline.upper + canvas.outline.lower) / 2)
    origin = each(rng.uniform(-0.97, 0.97, count))
    waves = rng.uniform(0, 6.3, 4).astype(np.float32)  # neighbours run in similar directions
    common = np.sin(origin * 4 + waves[0]) * np.sin(start / 22 + waves[1]) + np.sin(origin * 9 + start / 14 + waves[2])
    slope = np.float32(spread) * (common * np.float32(0.6) + each(rng.normal(0, 0.8, count)))
    slope = slope + each(rng.normal(0, spread * 1.3, count)) * s
    across = origin + slope * long * s / height
    for order in (1, 2, 4, 8):
        phase = s * long * np.float32(order / 12) + each(rng.uniform(0, 6.3, count))
        across += each(rng.normal(0, 0.022 / order, count)) * np.sin(phase)
    x = start - long * (s - np.float32(0.3))
    y = canvas.to_y(x, across)
    strength = each(np.minimum(rng.lognormal(-0.2, 0.6, count), 2.6)) * np.sqrt(s * (1 - s)) * 2
    for rate in (0.12, 0.45):  # cycles per mm: brightness varies along a strand
        pulse = s * long * each(rng.uniform(rate, 3 * rate, count)) + each(rng.uniform(0, 6.3, count))
        strength = strength * (1 + np.float32(0.45) * np.sin(pulse))
    column, row = x / np.float32(canvas.pitch), y / np.float32(canvas.pitch)
    gap = np.hypot(np.diff(column, axis=1, append=column[:, -1:]), np.diff(row, axis=1, append=row[:, -1:]))
    column, row, weight = column.ravel(), row.ravel(), (strength * np.minimum(gap, 3)).ravel()
    inside = (row > 0) & (column > 0) & (row < canvas.shape[0] - 1) & (column < canvas.shape[1] - 1)
    column, row, weight = column[inside], row[inside], weight[inside]
    deep = canvas.depth[row.astype(np.int32), column.astype(np.int32)]
    return column, row, weight * np.clip((deep - np.float32(1.5)) / 5, 0, 1)  # curves fade before the skin


def _muscle(canvas: Canvas, limits: npt.NDArray[np.float64], rng: np.random.Generator) -> tuple[Field, Field]:
    """Return the share of pectoral muscle in each pixel, and its brightness.

    The brightness is within `limits`.
    """
    depth = signed_distance(canvas.outline.pectoral, canvas.shape, canvas.pitch)
    share = np.clip(depth / np.float32(2.0) + 0.5, 0, 1)
    slope = np.float32(rng.uniform(0.15, 0.5))
    tile = power_law((256, 256), 2.8, 3.0, rng)
    fibres = sample(tile, canvas.y * 0.35 - canvas.x * slope * 0.35, canvas.x * 1.3 + canvas.y * slope * 1.3)
    low, high = limits
    bright = np.float32(low * 0.65 + rng.uniform(0.1, 0.75) * (high - low)) * (1 + np.float32(0.05) * fibres)
    bright += np.float32(0.25 * (high - low)) * np.clip(depth / 35, 0, 1)
    return share.astype(np.float32), bright.astype(np.float32)


def _implant(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Return the share of an implant in each pixel.

    The implant is a smooth oval on the chest wall with a slightly softer rim.
    """
    reach, level = canvas.outline.nipple
    high = (canvas.outline.upper + canvas.outline.lower) / 2
    middle = level + rng.uniform(-0.14, 0.04) * high
    centre = rng.uniform(-0.05, 0.18) * reach
    wide, tall = rng.uniform(0.60, 0.70) * reach - centre, high * rng.uniform(0.42, 0.68)
    x = np.abs((canvas.x - np.float32(centre)) / np.float32(wide))
    y = np.abs((canvas.y - np.float32(middle)) / np.float32(tall))
    angle = np.arctan2(y, x)
    radius = (x**2.2 + y**2.2) ** np.float32(1 / 2.2) * (1 + 0.03 * np.sin(3 * angle + rng.uniform(0, 6.3)))
    share = np.clip((1 - radius) * np.float32(min(wide, tall) / 1.8) + 0.5, 0, 1)
    return (share * np.clip((canvas.depth - 4) / 3, 0, 1)).astype(np.float32)


def _skin(canvas: Canvas, style: str, rng: np.random.Generator) -> Field:
    """Return the layer of skin: a thin line inside the edge.

    It varies along the outline, and is bright in the contrast style.
    """
    strength = 0.30 if style == "contrast" else 0.05
    uneven = np.clip(0.9 + 0.6 * smooth_noise(canvas.shape, 4.0, 2.0, rng), 0.15, 2.2)
    depth = np.maximum(canvas.depth, 0)
    line = np.exp(-(((depth - np.float32(0.8)) / np.float32(0.55)) ** 2))
    glow = np.float32(0.35) * np.exp(-depth / np.float32(1.3))
    return np.float32(strength) * uneven * (line + glow)


def _nipple(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Return the nipple and the point behind it where the ducts meet."""
    x, y = canvas.outline.nipple
    squared = (canvas.x - np.float32(x - 1)) ** 2 / 5.0**2 + (canvas.y - np.float32(y)) ** 2 / 4.5**2
    return np.float32(rng.uniform(0.08, 0.22)) * np.exp(-squared)
