from typing import get_args

from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE
from mammo_core.documents.job import State
from ui.session import BADGES, state_badge


def test_every_state_of_a_job_has_a_badge():
    assert set(BADGES) == set(get_args(State))
    assert state_badge("failed") == ":red-badge[:material/error: failed]"


def raise_in_both_blocks():
    import streamlit as st

    from mammo_core.errors import DataError
    from ui.session import errors_shown, errors_shown_here

    with errors_shown_here():
        raise DataError("The first, *a_b*, is damaged.")
    with errors_shown():
        raise DataError("The second is damaged.")
    st.write("not reached")


def test_errors_shown_here_continues_and_errors_shown_ends_the_page():
    app = AppTest.from_function(raise_in_both_blocks, default_timeout=PATIENCE).run()
    assert [error.value for error in app.error] == [r"The first, \*a\_b\*, is damaged.", "The second is damaged."]
    assert not app.exception
    assert not app.markdown
