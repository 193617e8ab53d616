"""What an evaluation needs, with the real core."""

import pandas as pd
from streamlit.testing.v1 import AppTest

from builders.app import figures, plain, show_component
from builders.predictions import binormal_breasts
from mammo_core.evaluation.sample_size import PrecisionGoal, sample_size_report
from ui.sample_size import show_sample_size

UNITS = binormal_breasts(60, 240)


def opened(units: pd.DataFrame) -> AppTest:
    """The part as it is when it has been opened."""
    app = show_component(show_sample_size, units, "breast", "mine", "identity", 0.6)
    assert not app.number_input
    app.session_state["patients needed"] = True
    return app.run()


def verdict(goal: PrecisionGoal) -> str:
    return sample_size_report(UNITS, "breast", goal, "mine").verdict


def test_show_sample_size_begins_with_the_patients_at_hand():
    app = opened(UNITS)
    assert not app.exception
    assert plain(app.caption[-1].value) == verdict(PrecisionGoal(0.03, "auc", 0.2))
    assert len(figures(app)) == 1


def test_show_sample_size_follows_what_is_chosen():
    app = opened(UNITS)
    app.number_input(key="patients with cancer identity").set_value(20.0)
    app.number_input(key="half-width").set_value(0.05)
    app.selectbox(key="measure").set_value("sensitivity").run()
    assert plain(app.caption[-1].value) == verdict(PrecisionGoal(0.05, "sensitivity", 0.02, 0.6))
    app.selectbox(key="measure").set_value("sensitivity_at_specificity").run()
    app.number_input(key="specificity").set_value(0.8).run()
    assert plain(app.caption[-1].value) == verdict(PrecisionGoal(0.05, "sensitivity_at_specificity", 0.02, 0.8))


def test_show_sample_size_of_too_few_is_one_sentence():
    app = opened(binormal_breasts(6, 240))
    assert not app.exception
    assert plain(app.error[0].value).startswith("Too few patients to tell how many are needed: 6 with cancer")
    assert not figures(app)
