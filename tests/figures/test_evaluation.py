import numpy as np
import pandas as pd

from mammo_core.evaluation.subgroups import subgroups
from mammo_core.figures.evaluation import (
    calibration_figure,
    precision_figure,
    roc_figure,
    score_figure,
    subgroup_figure,
)

UNITS = pd.DataFrame(
    {
        "patient_id": np.arange(80).astype(str),
        "laterality": "L",
        "label": np.arange(80) % 4 == 0,
        "probability": np.linspace(0, 1, 80),
        "site_id": "1",
    }
).astype({"label": int})


def test_roc_operating_point_lies_on_the_first_curve():
    figure = roc_figure({"a": UNITS, "b": UNITS}, threshold=0.5)
    assert [trace.name for trace in figure.data] == ["a", "operating point", "b", "chance"]
    (x,), (y,) = figure.data[1].x, figure.data[1].y
    at = UNITS["probability"] >= 0.5
    assert x == at[UNITS["label"] == 0].mean()
    assert y == at[UNITS["label"] == 1].mean()


def test_roc_operating_point_between_curve_corners():
    units = pd.DataFrame({"label": [1, 0, 0, 0, 1, 0], "probability": [0.9, 0.8, 0.7, 0.6, 0.5, 0.1]})
    point = roc_figure({"a": units}, threshold=0.65).data[1]
    assert (point.x, point.y) == ((0.5,), (0.5,))


def test_precision_figure_shows_prevalence():
    assert precision_figure({"a": UNITS}).data[-1].name == "prevalence 0.250"


def test_score_figure_bars_of_a_label_add_up_to_one():
    figure = score_figure(UNITS, 0.5)
    assert {trace.name: round(sum(trace.y), 9) for trace in figure.data} == {"negative": 1, "positive": 1}


def test_calibration_and_subgroup_figures():
    assert len(calibration_figure(UNITS).data[0].x) == 10
    assert list(subgroup_figure(subgroups(UNITS, resamples=20), 0.5).data[0].y) == ["site 1", "laterality L"]
