"""Brightness of tissue → stored detector values, in the grey levels of real mammograms."""

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Field = npt.NDArray[np.float32]

# Percentiles inside a real 12-bit CC image; the outermost are extrapolated.
PERCENTS = (0, 1, 5, 25, 50, 75, 95, 99, 100)
CONTRAST_LEVELS = (90, 282, 484, 938, 1270, 1863, 2551, 2930, 3600)
FLAT_LEVELS = (750, 1000, 1250, 1560, 1700, 1880, 2350, 2750, 3500)
TABLE = 16_384  # steps of the brightness scale: finer than the detector's


# Fatty breasts have less of the bright levels and dense ones more; the mean over the density classes stays.
SPREAD = {"A": 0.78, "B": 0.93, "C": 1.08, "D": 1.22}


def to_levels(
    tissue: Field, breast: npt.NDArray[np.bool_], style: str, density: str, rng: np.random.Generator
) -> Field:
    """Map tissue brightness to 12-bit grey levels so that those inside `breast` are spread as in a real image.

    Args:
        tissue: brightness, float32 (rows, columns).
        breast: which pixels to count.
        style: "contrast" or "flat".
        density: density class, "A" to "D".
        rng: moves the levels a little from image to image.

    Returns:
        float32 (rows, columns), 0 to 4095.
    """
    inside = tissue[breast][::7]  # every seventh pixel is enough
    percents = np.linspace(0, 100, 60)
    found = np.quantile(inside, percents / 100)
    levels = CONTRAST_LEVELS if style == "contrast" else FLAT_LEVELS
    wanted = PchipInterpolator(PERCENTS, levels)(percents)
    middle = wanted[30]
    wanted = np.where(wanted > middle, middle + (wanted - middle) * SPREAD[density], wanted) * rng.normal(1, 0.03)
    top = found[-1] + np.array([0.4, 0.8]) * (found[-1] - found[30])
    found = np.concatenate([found, top])
    wanted = np.concatenate([wanted, [max(min(wanted[-1] + 250, 4040), wanted[-1]), 4090]])
    found = np.maximum.accumulate(found + np.arange(len(found)) * 1e-6)
    low, high = float(found[0]), float(found[-1])
    table = np.interp(np.linspace(low, high, TABLE), found, wanted).astype(np.float32)
    return table[np.clip((tissue - low) * ((TABLE - 1) / (high - low)), 0, TABLE - 1).astype(np.int32)]
