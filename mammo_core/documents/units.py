"""The units and age bands by which statistics and reports count."""

from typing import Literal

import numpy as np
import pandas as pd

Unit = Literal["image", "breast", "patient"]
UNITS: tuple[Unit, ...] = ("image", "breast", "patient")
AGE_BANDS = ("under 40", "40–49", "50–59", "60–69", "70–79", "80 and over")
_AGE_EDGES = (-np.inf, 40, 50, 60, 70, 80, np.inf)  # years, lower edge included


def age_band(ages: pd.Series) -> pd.Series:
    """Return the ten-year band of each age in years; missing ages have none.

    `explore` and `evaluation`, which do not import each other, use these bands, so they are in the room below both.
    """
    bands = pd.cut(ages.astype("float64"), list(_AGE_EDGES), right=False, labels=list(AGE_BANDS))
    return pd.Series(bands, index=ages.index)
