import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from mammo_core.documents.report import Subgroup
from mammo_core.evaluation.curves import roc_band
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.figures.evaluation import (
    calibration_figure,
    precision_figure,
    roc_figure,
    score_figure,
    subgroup_figure,
)
from mammo_core.figures.style import SERIES, apply_style

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
    recalled = UNITS["probability"] >= 0.5
    assert x == recalled[UNITS["label"] == 0].mean()
    assert y == recalled[UNITS["label"] == 1].mean()


def test_roc_operating_point_between_curve_corners():
    units = pd.DataFrame({"label": [1, 0, 0, 0, 1, 0], "probability": [0.9, 0.8, 0.7, 0.6, 0.5, 0.1]})
    point = roc_figure({"a": units}, threshold=0.65).data[1]
    assert (point.x, point.y) == ((0.5,), (0.5,))


def test_roc_without_threshold_has_no_operating_point():
    assert [trace.name for trace in roc_figure({"a": UNITS}).data] == ["a", "chance"]


def test_roc_more_models_than_colours_repeats_colours():
    figure = roc_figure({str(n): UNITS for n in range(len(SERIES) + 1)})
    assert figure.data[0].line.color == figure.data[len(SERIES)].line.color == SERIES[0]


def test_precision_figure_shows_prevalence():
    figure = precision_figure({"a": UNITS})
    assert figure.data[-1].name == "prevalence 0.250"
    assert figure.layout.xaxis.title.text == "sensitivity"


def test_score_figure_bars_of_a_label_add_up_to_one():
    figure = score_figure(UNITS, 0.5)
    assert {trace.name: round(sum(trace.y), 9) for trace in figure.data} == {"negative": 1, "positive": 1}
    assert [note.text for note in figure.layout.annotations] == ["Recall threshold 0.50"]
    assert figure.layout.shapes[0].x0 == 0.5


def test_calibration_figure_shows_observed_over_predicted():
    figure = calibration_figure({"this model": UNITS})
    assert figure.data[0].x[0] == UNITS["probability"].head(8).mean()
    assert figure.data[0].y[0] == UNITS["label"].head(8).mean() == 0.25
    assert len(figure.data[0].x) == 10
    assert figure.layout.xaxis.title.text == "Mean predicted probability"
    assert figure.layout.yaxis.title.text == "Observed share of positives"


def test_calibration_figure_has_a_line_and_a_colour_for_each_model():
    figure = calibration_figure({"a": UNITS, "<b>": UNITS.assign(probability=0.25)})
    assert [trace.name for trace in figure.data] == ["a", "&lt;b&gt;", "perfect"]
    assert [trace.line.color for trace in figure.data[:2]] == list(SERIES[:2])
    assert figure.data[0].customdata.tolist() == [8] * 10
    assert figure.data[1].x.tolist() == [0.25] * 10
    assert np.mean(figure.data[1].y) == 0.25


def test_subgroup_figure_leaves_out_groups_without_auc():
    few = Subgroup(attribute="site_id", group="2", unit="breast", n=3, positives=1, auc=None)
    figure = subgroup_figure((*subgroups(UNITS, resamples=20), few), 0.5)
    assert list(figure.data[0].y) == ["site 1", "left"]
    assert figure.data[0].customdata[0] == "n = 80, 20 positive"


def test_subgroup_figure_overall_auc_is_drawn_as_line():
    assert subgroup_figure(subgroups(UNITS, resamples=20), 0.5).layout.shapes[0].x0 == 0.5
    assert len(subgroup_figure(subgroups(UNITS, resamples=20), None).layout.shapes) == 0


def test_apply_style_layout_argument_replaces_common_setting():
    figure = apply_style(go.Figure(), bargap=0.5)
    assert (figure.layout.bargap, figure.layout.paper_bgcolor) == (0.5, "rgba(0,0,0,0)")
    assert figure.layout.template.layout.font.size == 13


def test_roc_figure_is_square_and_has_a_band_around_the_curve():
    band = roc_band(UNITS, resamples=20)
    figure = roc_figure({"a": UNITS}, band=band)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.data[0].name == "95 % CI"
    assert len(figure.data[0].x) == 2 * len(band)
    assert figure.layout.title.text == "ROC curve"


def test_score_figure_of_scores_that_are_no_probabilities_has_their_range():
    figure = score_figure(UNITS.assign(probability=UNITS["probability"] * 20 - 10), 0.5)
    low, high = figure.layout.xaxis.range
    assert (low, figure.layout.xaxis.title.text) == (pytest.approx(20 * UNITS["probability"].min() - 10), "score")
    assert high == pytest.approx(max(1.0, 20 * UNITS["probability"].max() - 10))
    assert score_figure(UNITS, 0.5).layout.xaxis.range == (0, 1)
