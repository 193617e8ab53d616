import pandas as pd

from builders.app import show_component
from ui.row_choice import choose_row

TABLE = pd.DataFrame({"patient_id": ["a", "b", "c"], "probability": [0.1, 0.2, None]})
COLUMNS = {"patient_id": "patient", "probability": "probability", "age": "age"}


def test_choose_row_steps_with_arrows_and_stops_at_the_ends():
    app = show_component(choose_row, TABLE, "list", COLUMNS, 1, "positive")
    assert app.session_state["result"] == 1
    assert [text.value for text in app.markdown] == ["positive 2 of 3"]
    app.button(key="Next list").click().run()
    assert app.session_state["result"] == 2
    assert app.button(key="Next list").disabled
    assert app.button(key="Next list").help == "This is the last one."
    app.button(key="Previous list").click().run().button(key="Previous list").click().run()
    assert app.session_state["result"] == 0
    assert app.button(key="Previous list").disabled


def test_choose_row_arrows_have_keys():
    app = show_component(choose_row, TABLE, "list", COLUMNS)
    keys = {label: app.button(key=f"{label} list").proto.shortcut for label in ("Previous", "Next")}
    assert keys == {"Previous": "alt+up", "Next": "alt+down"}


def test_choose_row_names_the_columns_it_has():
    app = show_component(choose_row, TABLE, "list", COLUMNS)
    assert list(app.dataframe[0].value) == ["patient", "probability"]


def test_choose_row_beyond_a_shorter_table_starts_again():
    app = show_component(choose_row, TABLE, "list", COLUMNS)
    app.session_state["list"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    assert app.run().session_state["result"] == 2
