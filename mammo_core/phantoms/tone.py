"""Map the brightness of tissue to 12-bit grey levels.

The levels are distributed as in real mammograms.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to

# Percentiles of the breast in a real 12-bit CC image; the outermost are extrapolated.
PERCENTS = (0, 1, 5, 25, 50, 75, 95, 99, 100)
LEVELS = {
    "contrast": (90, 282, 484, 938, 1270, 1863, 2551, 2930, 3500),
    "flat": (750, 1000, 1250, 1560, 1700, 1880, 2350, 2750, 3400),
}
TABLE_STEPS = 16_384  # of the brightness scale: finer than the detector's

# Fatty breasts have fewer bright levels and dense ones more; the mean over the density classes is unchanged.
SPREAD = {"A": 0.78, "B": 0.93, "C": 1.08, "D": 1.22}


@dataclass(frozen=True)
class Curve:
    """A monotonic table from brightness to 12-bit grey levels.

    Attributes:
        low: brightness of the first entry.
        high: brightness of the last entry.
        levels: grey levels, float32 (TABLE_STEPS,).
    """

    low: float
    high: float
    levels: Field

    def apply(self, tissue: Field) -> Field:
        """Return grey levels, 0 to 4095, float32 with the shape of `tissue`."""
        steps = (tissue - np.float32(self.low)) * np.float32((TABLE_STEPS - 1) / (self.high - self.low))
        return self.levels[np.clip(steps, 0, TABLE_STEPS - 1).astype(np.int32)]


def tone_curve(tissue: Field, counted: npt.NDArray[np.bool_], style: str, density: str, shift: float) -> Curve:
    """Return the curve that gives a breast the grey levels of a real image.

    Args:
        tissue: brightness, float32 (rows, columns), including lesions: they occupy the top of the range, so that no
            statistic of the grey levels gives them away.
        counted: bool (rows, columns), the pixels to count.
        style: "contrast" or "flat".
        density: density class, "A" to "D".
        shift: factor for all levels, near 1.
    """
    inside = tissue[counted][::7]  # every seventh pixel is enough
    percents = np.concatenate([np.linspace(0, 96, 50), [97, 98, 99, 99.5, 99.8, 100]])
    measured = np.quantile(inside, percents / 100)
    target = PchipInterpolator(PERCENTS, LEVELS[style])(percents)
    middle = target[26]
    target = shift * np.where(target > middle, middle + (target - middle) * SPREAD[density], target)
    beyond = measured[-1] - measured[26]
    measured = np.concatenate([measured, measured[-1] + np.array([0.3, 0.9]) * beyond])
    target = np.minimum(np.concatenate([target, target[-1] + np.array([200, 500])]), 4090)
    measured = np.maximum.accumulate(measured + np.arange(len(measured)) * 1e-6)
    scale = np.linspace(measured[0], measured[-1], TABLE_STEPS)
    return Curve(float(measured[0]), float(measured[-1]), np.interp(scale, measured, target).astype(np.float32))
