import json

import pandas as pd
import plotly.graph_objects as go
import pytest

from builders.predictions import binormal_breasts
from mammo_core.evaluation import curves
from mammo_core.figures.charts import MAX_SOURCE, chart_panel, figure_numbers
from mammo_core.figures.evaluation import roc_figure
from mammo_core.figures.runs import parallel_figure, setting_figure

RESULTS = pd.DataFrame(
    {"auc": [0.6, 0.7], "low": [0.5, 0.65], "high": [0.8, 0.75], "rate": [0.001, 0.1], "network": ["a<b", "large"]}
)


def test_numbers_of_curves_are_their_points_by_the_names_of_models_and_axes():
    units = binormal_breasts(20, 30)
    table = figure_numbers(roc_figure({"a & b": units, "other": units}))
    assert table.columns.tolist() == ["series", "1 − specificity", "sensitivity"]
    assert table["series"].unique().tolist() == ["a & b", "other", "chance"]
    points, shown = curves.roc(units), table[table["series"] == "a & b"]
    assert shown["1 − specificity"].tolist() == points["false_positive_rate"].tolist()
    assert shown["sensitivity"].tolist() == points["sensitivity"].tolist()


def test_numbers_of_intervals_have_their_ends():
    table = figure_numbers(setting_figure(RESULTS, "network", "network"))
    assert table["network"].tolist() == ["a<b", "large"]
    assert table["low"].tolist() == pytest.approx([0.5, 0.65])
    assert table["high"].tolist() == pytest.approx([0.8, 0.75])


def test_numbers_of_parallel_coordinates_are_a_row_a_line_with_the_words_of_each_axis():
    table = figure_numbers(parallel_figure(RESULTS, {"rate": "learning rate", "network": "network"}))
    assert table.to_dict("list") == {
        "learning rate": ["0.001", "0.1"],
        "network": ["a<b", "large"],
        "AUC by breast": [0.6, 0.7],
    }


def test_numbers_of_nothing_are_an_empty_table():
    assert figure_numbers(go.Figure()).empty


def test_panel_has_the_title_instead_of_the_figure_which_stays():
    figure = setting_figure(RESULTS, "network", "a<b")
    panel = chart_panel(figure, "chart", "sweep 1, of *many*", "1 Jan 2027")
    assert panel.title == "AUC by a<b"
    assert panel.figure.layout.title.text == ""
    assert figure.layout.title.text == "AUC by a&lt;b"
    assert panel.figure.layout.margin.t < figure.layout.margin.t
    assert panel.file_name == "sweep-1-of-many--auc-by-a-b"
    layout = json.loads(panel.picture_json)["layout"]["title"]
    assert layout["text"] == "<b>AUC by a&lt;b</b>"
    assert layout["subtitle"]["text"] == "sweep 1, of *many* · 1 Jan 2027"


def test_panel_of_many_runs_has_a_short_file_name():
    panel = chart_panel(roc_figure({}), "roc", ", ".join(f"run-{number}" for number in range(99)), "1 Jan 2027")
    assert len(panel.file_name) <= MAX_SOURCE + len("-roc-curve")
