import pandas as pd
import pytest
import streamlit as st

from builders.app import show_component, without_error
from mammo_core.explore.filters import Filters
from mammo_core.figures.panels import MarkFilter
from ui.filters import choose_filters, clear_filters, filter_further, filter_parameters

TABLE = pd.DataFrame(
    {
        "site_id": ["1", "2", "1"],
        "implant": pd.array([0, 1, 0], "Int8"),
        "age": [40.0, 55, 70],
        "cancer": pd.array([0, 1, 0], "Int8"),
    }
)


@pytest.fixture
def state(monkeypatch):
    """A session state that callbacks change."""
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_choose_filters_returns_what_is_chosen():
    app = show_component(choose_filters, TABLE, "a table")
    assert app.session_state["result"] == Filters({"site_id": [], "implant": []})
    assert not app.button
    app.multiselect(key="site_id").set_value(["2"])
    app.slider(key="age").set_value((50, 60))
    without_error(app.run())
    assert app.session_state["result"] == Filters({"site_id": ["2"], "implant": []}, (50, 60))
    assert [button.label for button in app.button] == ["Clear filters"]
    assert app.multiselect(key="implant").options == ["no implant", "implant"]


def test_filter_further_sets_filters_within_the_limits(state):
    filter_further(TABLE, MarkFilter("site_id", "1", ages=(0, 49), label="positive"))
    filter_further(TABLE, MarkFilter("machine_id", "9"))
    assert state == {"age": (40, 49), "label": "positive", "site_id": ["1"]}


def test_clear_filters_resets_all(state):
    state.update({"site_id": ["1"], "age": (50, 60), "label": "negative"})
    clear_filters(TABLE)
    assert state == {"site_id": [], "implant": [], "label": None, "age": (40, 70)}


def test_filter_parameters_carry_only_what_is_set():
    assert filter_parameters(Filters({"site_id": []}), "image") == {}
    assert filter_parameters(Filters({"site_id": ["1"], "implant": ["0"]}, (50, 60), "negative"), "image") == {
        "site_id": ["1"],
        "implant": ["no implant"],
        "age": ["50", "60"],
        "label": "negative",
        "unit": "image",
    }
