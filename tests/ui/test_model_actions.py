"""Actions on small models without networks."""

import pytest

from builders.app import plain, show_component, widget
from builders.models import write_model
from builders.runs import write_model_run
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import activate, active_model, list_models, model_folder, read_note
from ui.model_actions import confirm_activation, delete, edit_name, rename, show_actions
from ui.session import show_announcement


@pytest.fixture
def bundle(workspace):
    return write_model(workspace.models / "mine")


def test_show_actions_active_model_can_only_be_noted_and_downloaded(bundle, workspace):
    app = show_component(show_actions, bundle)
    assert [button.disabled for button in app.button if button.label == "Activate"] == [False]
    assert [button.label for button in app.download_button] == ["Download report"]
    activate(workspace, "mine")
    app.run()
    assert [button.disabled for button in app.button if button.label == "Activate"] == [True]


def test_activate_shows_the_verdict_and_the_comparison_before_it_activates(bundle, workspace):
    app = show_component(show_actions, bundle)
    widget(app, "button", "Activate").click().run()
    assert active_model(workspace) == "demo"
    app = show_component(confirm_activation, bundle)
    assert plain(app.info[0].value) == (
        "Too few patients for a verdict: 1 with a positive breast and 0 with a negative one; at least 5 of each are needed."
    )
    assert ["tested on different patients" in warning.value for warning in app.warning] == [True]
    widget(app, "button", "Activate").click().run()
    assert active_model(workspace) == "mine"
    assert app.session_state["announcement"] == "mine is now used on the Predict page."


def test_activated_model_is_reported_once_at_the_edge_of_the_page(bundle, workspace):
    app = show_component(confirm_and_announce, bundle)
    widget(app, "button", "Activate").click().run()
    assert [plain(toast.value) for toast in app.toast] == ["mine is now used on the Predict page."]
    assert not app.run().toast


def confirm_and_announce(bundle):
    """Show the dialog on a page that shows what was announced, as every page does."""
    show_announcement()
    confirm_activation(bundle)


def act_on_first(workspace):
    """Show the actions on the first model but the shipped one, as the page does after each change."""
    name = next((name for name in list_models(workspace) if name != "demo"), "demo")
    show_actions(open_bundle(model_folder(workspace, name)))


def test_rename_changes_folder_and_card(bundle, workspace):
    app = show_component(edit_name, "mine")
    app.text_input(key="name mine").set_value("yours").run()
    app.button(key="rename mine now").click().run()
    assert app.session_state["announcement"] == "mine is now called yours."
    assert list_models(workspace) == ["demo", "yours"]
    assert open_bundle(workspace.models / "yours").name == "yours"


def test_rename_to_a_name_in_use_shows_an_error(bundle, workspace):
    write_model(workspace.models / "yours")
    app = show_component(edit_name, "mine")
    app.text_input(key="name mine").set_value("yours").run()
    app.button(key="rename mine now").click().run()
    assert app.session_state["announcement"] == "There is already a model 'yours'. Choose another name."
    assert list_models(workspace) == ["demo", "mine", "yours"]


def test_note_is_kept(bundle, workspace):
    app = show_component(show_actions, bundle)
    app.text_area(key="note mine").set_value(" Trained at *night*. ").run()
    app.button(key="keep note mine").click().run()
    assert read_note(workspace, "mine") == "Trained at *night*."


def test_delete_removes_the_model(bundle, workspace):
    app = show_component(act_on_first, workspace)
    app.button(key="delete mine").click().run()
    app.button(key="delete mine now").click().run()
    assert app.session_state["announcement"] == "Deleted mine."
    assert list_models(workspace) == ["demo"]


@pytest.mark.parametrize("action", [delete, rename])
def test_model_of_a_resumed_run_that_is_active_stays(workspace, action):
    run = write_model_run(workspace, "mine", state="running")
    with run.lock():
        app = show_component(enter_and_act, action)
    assert not app.exception
    assert app.session_state["announcement"].startswith("mine is running and can't be ")
    assert "mine" in list_models(workspace)


def enter_and_act(action):
    """Act on a model for which another name is entered."""
    import streamlit as st

    st.session_state["name mine"] = "other"
    action("mine")
