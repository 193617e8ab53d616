"""Brightness of tissue → stored detector values, in the grey levels of real mammograms."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Field = npt.NDArray[np.floating]  # float32, but for what NumPy widens on the way

# Percentiles inside a real 12-bit CC image; the outermost are extrapolated.
PERCENTS = (0, 1, 5, 25, 50, 75, 95, 99, 100)
LEVELS = {
    "contrast": (90, 282, 484, 938, 1270, 1863, 2551, 2930, 3500),
    "flat": (750, 1000, 1250, 1560, 1700, 1880, 2350, 2750, 3400),
}
TABLE = 16_384  # steps of the brightness scale: finer than the detector's

# Fatty breasts have less of the bright levels and dense ones more; the mean over the density classes stays.
SPREAD = {"A": 0.78, "B": 0.93, "C": 1.08, "D": 1.22}


@dataclass(frozen=True)
class Curve:
    """A monotone table from brightness to 12-bit grey levels.

    Attributes:
        low: brightness of the first entry.
        high: brightness of the last.
        levels: float32 (TABLE,).
    """

    low: float
    high: float
    levels: Field

    def apply(self, tissue: Field) -> Field:
        """Return grey levels of 0 to 4095, float32 like `tissue`."""
        steps = (tissue - np.float32(self.low)) * np.float32((TABLE - 1) / (self.high - self.low))
        return self.levels[np.clip(steps, 0, TABLE - 1).astype(np.int32)]


def tone_curve(tissue: Field, counted: npt.NDArray[np.bool_], style: str, density: str, shift: float) -> Curve:
    """Find the curve that spreads the grey levels of a breast as in a real image.

    Args:
        tissue: brightness, float32 (rows, columns), with its lesions: they take the top
            of the range, and no statistic of the grey levels gives them away.
        counted: which pixels to count.
        style: "contrast" or "flat".
        density: density class, "A" to "D".
        shift: factor on all levels, near 1.
    """
    inside = tissue[counted][::7]  # every seventh pixel is enough
    percents = np.concatenate([np.linspace(0, 96, 50), [97, 98, 99, 99.5, 99.8, 100]])
    found = np.quantile(inside, percents / 100)
    wanted = PchipInterpolator(PERCENTS, LEVELS[style])(percents)
    middle = wanted[26]
    wanted = shift * np.where(wanted > middle, middle + (wanted - middle) * SPREAD[density], wanted)
    beyond = found[-1] - found[26]
    found = np.concatenate([found, found[-1] + np.array([0.3, 0.9]) * beyond])
    wanted = np.minimum(np.concatenate([wanted, wanted[-1] + np.array([200, 500])]), 4090)
    found = np.maximum.accumulate(found + np.arange(len(found)) * 1e-6)
    scale = np.linspace(found[0], found[-1], TABLE)
    return Curve(float(found[0]), float(found[-1]), np.interp(scale, found, wanted).astype(np.float32))
