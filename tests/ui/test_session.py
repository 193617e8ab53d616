from typing import get_args

import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.documents.job import State
from ui.session import BADGES, escape_markdown, state_badge


def test_every_state_of_a_job_has_a_badge():
    assert set(BADGES) == set(get_args(State))
    assert state_badge("failed") == ":red-badge[:material/error: failed]"


@pytest.mark.parametrize(
    ("text", "escaped"), [("plain 1.dcm", "plain 1.dcm"), ("a_b*[c]", r"a\_b\*\[c\]"), (":red[$x$]", r"\:red\[\$x\$\]")]
)
def test_escape_markdown_escapes_every_sign_with_a_meaning(text, escaped):
    assert escape_markdown(text) == escaped


def raise_in_both_blocks():
    import streamlit as st

    from mammo_core.errors import DataError
    from ui.session import errors_shown, errors_shown_here

    with errors_shown_here():
        raise DataError("The first is damaged.")
    with errors_shown():
        raise DataError("The second is damaged.")
    st.write("not reached")


def test_errors_shown_here_continues_and_errors_shown_ends_the_page():
    app = AppTest.from_function(raise_in_both_blocks).run()
    assert [error.value for error in app.error] == ["The first is damaged.", "The second is damaged."]
    assert not app.exception
    assert not app.markdown
