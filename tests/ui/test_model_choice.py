import pandas as pd

from builders.app import plain, show_component
from ui.model_choice import choose_in_table

TABLE = pd.DataFrame({"model": ["new", "demo"], "verdict": ["x", None]})


def test_choose_in_table_without_a_selection_is_the_active_model():
    assert show_component(choose_in_table, TABLE, "demo").session_state["result"] == ["demo"]


def test_choose_in_table_takes_the_selected_rows_and_names_them_in_the_address():
    app = show_component(choose_in_table, TABLE, "demo")
    app.session_state["chosen new demo"] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    assert app.run().session_state["result"] == ["new", "demo"]
    assert app.query_params["model"] == ["new", "demo"]
    assert not [plain(warning.value) for warning in app.warning]
