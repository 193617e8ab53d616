import numpy as np
import pandas as pd

from mammo_core.documents.units import age_band


def test_age_band_includes_lower_bound():
    bands = age_band(pd.Series([39.9, 40, 50, 79, 80, np.nan]))
    assert bands.tolist()[:5] == ["under 40", "40–49", "50–59", "70–79", "80 and over"]
    assert bands.isna().tolist() == [False] * 5 + [True]
