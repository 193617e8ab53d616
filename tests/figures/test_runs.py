import numpy as np
import pandas as pd

from mammo_core.figures.runs import calibrations_figure
from mammo_core.figures.style import SERIES

UNITS = pd.DataFrame({"label": np.arange(80) % 4 == 0, "probability": np.linspace(0, 1, 80)}).astype({"label": int})


def test_calibrations_have_a_line_and_a_colour_for_each_run():
    figure = calibrations_figure({"a": UNITS, "<b>": UNITS.assign(probability=0.25)})
    assert [trace.name for trace in figure.data] == ["a", "&lt;b&gt;", "perfect"]
    assert [trace.line.color for trace in figure.data[:2]] == list(SERIES[:2])
    assert figure.data[0].customdata.tolist() == [8] * 10
    assert figure.data[1].x.tolist() == [0.25] * 10
    assert np.mean(figure.data[1].y) == 0.25
