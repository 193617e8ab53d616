"""The actions on a model: activate, rename, note, delete, download its report."""

from typing import Any

import streamlit as st

from mammo_core.assessment.compare import compare_with_active
from mammo_core.errors import MammoError
from mammo_core.figures.model_report import report_html
from mammo_core.jobs.run_tags import check_ended
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import (
    activate,
    active_model,
    delete_model,
    read_note,
    readable_active_model,
    rename_model,
    restore_model,
    write_note,
)
from mammo_core.storage.trash import empty_trash
from ui.access.sign_in import request
from ui.literal import literal
from ui.report_view import report_of
from ui.session import announce, current_workspace, errors_announced, errors_shown, errors_shown_here
from ui.subgroup_view import chosen_attributes, with_chosen_groups

ACTIVE_HELP = "This is the active model; activate another one first."


@st.dialog("Activate a model", width="large")
def confirm_activation(bundle: Bundle) -> None:
    """Show a model's verdict and difference from the active one; activate on click."""
    workspace = current_workspace()
    st.markdown(f"**{literal(bundle.name)}** will be used on the Predict page.")
    st.info(literal(report_of(bundle).verdict_or_reason()), icon=":material/balance:")
    try:
        st.info(
            f"Compared with {literal(active_model(workspace))}: {literal(compare_with_active(workspace, bundle.name))}",
            icon=":material/compare_arrows:",
        )
    except MammoError as error:
        st.warning(literal(error), icon=":material/compare_arrows:")
    if st.button("Activate", type="primary", icon=":material/check:"):
        with errors_shown():
            request("activate model", bundle.name)
            activate(workspace, bundle.name)
        announce(f"{bundle.name} is now used on the Predict page.")
        st.rerun()


def show_actions(bundle: Bundle) -> None:
    """Show a row of buttons, one for each action on a model.

    What changes a list of models is a dialog about one name, which closes afterwards.
    """
    is_active, chosen = bundle.name == readable_active_model(current_workspace()), chosen_attributes(bundle)
    options: dict[str, Any] = {"disabled": is_active, "help": ACTIVE_HELP if is_active else None}
    with st.container(horizontal=True):
        if st.button("Activate", type="primary", icon=":material/check:", **options):
            confirm_activation(bundle)
        if st.button("Rename", key=f"rename {bundle.name}", icon=":material/edit:", **options):
            edit_name(bundle.name)
        with st.popover("Note", icon=":material/sticky_note_2:"), errors_shown_here():
            edit_note(bundle)
        if st.button("Delete", key=f"delete {bundle.name}", icon=":material/delete:", **options):
            confirm_deletion(bundle.name)
        st.download_button(
            "Download report",
            lambda: report_html(bundle, with_chosen_groups(report_of(bundle), bundle, chosen)),
            f"{bundle.name}.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
        )


@st.dialog("Rename a model")
def edit_name(name: str) -> None:
    """Let the user rename a model; closes afterwards."""
    st.text_input("New name", name, key=f"name {name}")
    if st.button("Rename", key=f"rename {name} now", type="primary", on_click=rename, args=(name,)):
        st.rerun()


def rename(name: str) -> None:
    """Give a model the name that the dialog's user has entered; a button's callback."""
    new_name = st.session_state[f"name {name}"]
    with errors_announced():
        request("rename model", name)
        check_ended(current_workspace(), name, "renamed")
        rename_model(current_workspace(), name, new_name)
        announce(f"{name} is now called {new_name}.")


def edit_note(bundle: Bundle) -> None:
    """Let the user write a note on a model."""
    workspace = current_workspace()
    text = st.text_area("Note", read_note(workspace, bundle.name), key=f"note {bundle.name}")
    if st.button("Save note", key=f"keep note {bundle.name}"):
        request("note on model", bundle.name)
        write_note(workspace, bundle.name, text)
        st.rerun()


@st.dialog("Delete a model")
def confirm_deletion(name: str) -> None:
    """Let the user delete a model; closes afterwards."""
    st.markdown(f"Delete **{literal(name)}** with its run? It can be restored for a while.")
    if st.button(
        ":red[Delete model]", key=f"delete {name} now", icon=":material/delete:", on_click=delete, args=(name,)
    ):
        st.rerun()


def delete(name: str) -> None:
    """Delete a model, and remember how to restore it; a button's callback."""
    with errors_announced():
        request("delete model", name)
        check_ended(current_workspace(), name, "deleted")
        st.session_state["deleted model"] = name, delete_model(current_workspace(), name)
        announce(f"Deleted {name}.")


def offer_undo() -> None:
    """Offer to restore the model that this session deleted last."""
    with errors_shown_here():
        empty_trash(current_workspace().models)
    if "deleted model" in st.session_state:
        name, trashed = st.session_state["deleted model"]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Deleted {literal(name)}.", width="content")
            st.button(
                "Undo", key="undo deletion", icon=":material/undo:", type="tertiary", on_click=undo, args=(trashed,)
            )


def undo(trashed: str) -> None:
    """Restore the model that was deleted last; a button's callback."""
    name, _ = st.session_state.pop("deleted model")
    with errors_announced():
        request("restore model", name)
        announce(f"Restored {restore_model(current_workspace(), trashed)}.")
