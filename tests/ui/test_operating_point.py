import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.evaluation.operating import PREVALENCES


def prevalence():
    import streamlit as st

    from ui.operating_point import select_prevalence

    st.session_state["chosen"] = select_prevalence()


def test_select_prevalence_is_that_of_a_population_or_cancers_in_1000():
    app = AppTest.from_function(prevalence).run()
    assert app.session_state["chosen"] == PREVALENCES["screening"]
    app.segmented_control(key="prevalence").set_value("custom").run()
    app.number_input[0].set_value(5.0).run()
    assert app.session_state["chosen"] == pytest.approx(0.005)
