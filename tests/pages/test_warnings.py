"""What pandas, NumPy and Streamlit announce for a later version is an error in our own calls, not a line that nobody reads."""

import warnings

import pytest
from streamlit.testing.v1 import AppTest

NAVIGATION = """
import streamlit as st

st.navigation([st.Page({page!r})]).run()
"""
PAGE = """
import warnings

import streamlit as st

try:
    warnings.warn("It will change.", {category}, stacklevel=1)
except {category} as error:
    st.session_state["caught"] = str(error)
"""


@pytest.mark.parametrize("category", ["DeprecationWarning", "FutureWarning"])
def test_warning_of_a_page_is_an_error(category, tmp_path):
    page = tmp_path / "page.py"
    page.write_text(PAGE.format(category=category))
    app = AppTest.from_string(NAVIGATION.format(page=str(page))).run()
    assert app.session_state["caught"] == "It will change."


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning])
@pytest.mark.parametrize("module", ["mammo_core.explore.counts", "mammo_core", "ui.session", "benchmarks.real"])
def test_warning_of_a_module_of_ours_is_an_error(category, module):
    with pytest.raises(category, match="It will change"):
        warnings.warn_explicit("It will change.", category, "file.py", 1, module)


@pytest.mark.parametrize("module", ["uiautomation", "mammo_core_of_others", "pandas.core"])
def test_deprecation_warning_of_another_module_is_none(module):
    warnings.warn_explicit("It will change.", DeprecationWarning, "file.py", 1, module)
