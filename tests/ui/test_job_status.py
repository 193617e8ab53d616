from builders.app import plain, show_component
from mammo_core.assessment.checklist import Step
from ui.job_status import show_checklist


def test_show_checklist_highlights_only_the_first_step_that_is_not_done():
    steps = [
        Step("data", "Add", "my_set", True),
        Step("data", "Import", "advice", False),
        Step("train", "Train", "later", False),
    ]
    app = show_component(links_of, steps)
    assert app.session_state["result"] == [
        ("**1 · Add** :small[my_set]", ":material/check_circle:"),
        ("**2 · Import** :blue-badge[next] :small[advice]", ":material/arrow_circle_right:"),
        ("**3 · Train** :small[later]", ":material/radio_button_unchecked:"),
    ]


def links_of(steps):
    import streamlit as st

    shown = []
    page_link, st.page_link = st.page_link, lambda page, label, icon, **_: shown.append((plain(label), icon))
    try:
        show_checklist(steps)
    finally:
        st.page_link = page_link
    return shown
