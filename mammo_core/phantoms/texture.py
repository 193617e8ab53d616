"""Generate random fields that look like breast tissue.

They are power-law noise, nets of strands, and thin curves.
"""

import numpy as np
import numpy.typing as npt
import scipy.fft
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to; (rows, columns)


def power_law(shape: tuple[int, int], beta: float, knee: float, rng: np.random.Generator) -> Field:
    """Return Gaussian noise with a power-law spectrum, mean 0 and variance 1.

    Its power falls as 1/f**beta above `knee` cycles per field. Mammograms have beta near 2.8 (Burgess, Jacobson & Judy,
    Med. Phys. 28 (2001) 419–437).
    """
    white = scipy.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    rows = scipy.fft.fftfreq(shape[0], 1 / max(shape)).astype(np.float32)[:, None]
    columns = scipy.fft.rfftfreq(shape[1], 1 / max(shape)).astype(np.float32)[None]
    white *= (1 + (rows**2 + columns**2) / np.float32(knee**2)) ** np.float32(-beta / 4)
    white[0, 0] = 0
    noise = scipy.fft.irfft2(white, s=shape)
    return noise / noise.std()


def smooth_noise(shape: tuple[int, int], beta: float, knee: float, rng: np.random.Generator) -> Field:
    """Return power-law noise without fine detail.

    It is made on a grid eight times as coarse and interpolated.
    """
    coarse = power_law((max(shape[0] // 8, 8), max(shape[1] // 8, 8)), beta, knee, rng)
    return enlarge(coarse, shape)


def enlarge(field: Field, shape: tuple[int, int]) -> Field:
    """Interpolate a field to another grid of the same extent (bicubic)."""
    return np.asarray(Image.fromarray(field).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def sample(tile: Field, rows: Field, columns: Field) -> Field:
    """Sample a periodic tile at any coordinates by bilinear interpolation.

    The coordinates are in tile pixels.
    """
    return map_coordinates(tile, np.stack([rows, columns]), order=1, mode="grid-wrap", output=np.float32)


def ridges(noise: Field, width: float) -> Field:
    """Return bright lines, from 0 to 1, along the zero crossings of noise.

    They form a net of strands around dark lobules.
    """
    return np.exp(-np.abs(noise) / np.float32(width))


def splat(x: Field, y: Field, weight: Field, shape: tuple[int, int], sigma: float) -> Field:
    """Draw points as dots blurred by `sigma` pixels.

    A line with weight 1 per pixel has height 1.

    Args:
        x: columns of the points, with fractions.
        y: rows of the points, with fractions.
        weight: their weights; those at 0 or outside are left out.
        shape: rows and columns of the field.
        sigma: standard deviation of the blur in pixels.
    """
    inside = (x >= 0) & (y >= 0) & (x < shape[1] - 1) & (y < shape[0] - 1) & (weight > 0)
    x, y, weight = x[inside], y[inside], weight[inside]
    column, row = x.astype(np.int64), y.astype(np.int64)
    right, down = x - column, y - row
    index = row * shape[1] + column
    size = shape[0] * shape[1]
    canvas = np.zeros(size, np.float32)
    for step, share in (
        (0, (1 - right) * (1 - down)),
        (1, right * (1 - down)),
        (shape[1], (1 - right) * down),
        (shape[1] + 1, right * down),
    ):
        canvas += np.bincount(index + step, weight * share, size).astype(np.float32)
    return gaussian_filter(canvas.reshape(shape), sigma, truncate=3) * np.float32(sigma * np.sqrt(2 * np.pi))
