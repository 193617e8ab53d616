from types import SimpleNamespace

import pandas as pd
import plotly.graph_objects as go
import pytest
import streamlit as st

from builders.app import figures, show_component
from mammo_core.figures.panels import Panel
from ui.panels import CLICKS, filter_by_click, show_panels

TABLE = pd.DataFrame({"view": ["CC", "MLO"], "images": [3, 4]})
BARS = go.Figure(go.Bar(x=["CC", "MLO"], y=[3, 4]), layout={"height": 100})
CHOICES = {(0, 1): {"view": ["MLO"]}}
DRAWN = Panel("views", "Images by *view*", "4 of 7 are MLO.", TABLE, BARS, CHOICES, "demo · images", "demo-views-image")
MISSING = Panel("ages", "Ages", "This data set has no ages.", pd.DataFrame())


def test_show_panels_has_title_figure_reading_and_downloads_of_each():
    app = show_component(show_panels, [DRAWN])
    assert [text.value for text in app.markdown] == [r"**Images by \*view\***"]
    assert app.get("popover")[0].proto.popover.label == r"Download Images by \*view\*"
    assert [figure["data"][0]["y"] for figure in figures(app)] == [[3, 4]]
    assert [caption.value for caption in app.caption] == ["4 of 7 are MLO."]
    assert [(button.key, button.label) for button in app.download_button] == [
        ("views html", "Picture, HTML"),
        ("views csv", "Numbers, CSV"),
    ]
    assert len(app.get("bidi_component")) == 1  # PNG and SVG


def test_show_panels_names_each_without_a_figure_in_one_line():
    app = show_component(show_panels, [DRAWN, MISSING, Panel("x", "X", "No x.", TABLE)])
    assert [caption.value for caption in app.caption][-2:] == [
        "Not shown: **Ages**. This data set has no ages.",
        "Not shown: **X**. No x.",
    ]
    assert len(figures(app)) == 1


@pytest.mark.parametrize(("mark", "filtered"), [(1, [{"view": ["MLO"]}]), (0, [])])
def test_filter_by_click_filters_by_the_mark_and_forgets_the_selection(monkeypatch, mark, filtered):
    point = {"curve_number": 0, "point_index": mark}
    state = {"views 0": SimpleNamespace(selection=SimpleNamespace(points=[point]))}
    monkeypatch.setattr(st, "session_state", state)
    chosen = []
    filter_by_click(CHOICES, "views 0", chosen.append)
    assert chosen == filtered
    assert state.get(CLICKS, 0) == len(filtered)  # another chart takes the place of the clicked one
