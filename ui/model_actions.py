"""The actions on a model: activate, rename, note, delete, download its report."""

import streamlit as st

from mammo_core.assessment.compare import compare_with_active
from mammo_core.errors import MammoError
from mammo_core.figures.model_report import report_html
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import (
    activate,
    active_model,
    delete_model,
    read_note,
    readable_active_model,
    rename_model,
    write_note,
)
from ui.literal import literal
from ui.report_view import report_of
from ui.session import current_workspace, errors_shown


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
            activate(workspace, bundle.name)
        st.rerun()


def show_actions(bundle: Bundle) -> None:
    """Show a row of buttons, one for each action on a model."""
    columns = st.columns(5)
    is_active = bundle.name == readable_active_model(current_workspace())
    with columns[0]:
        if st.button("Activate", type="primary", icon=":material/check:", disabled=is_active, width="stretch"):
            confirm_activation(bundle)
    with columns[1].popover("Rename", icon=":material/edit:", disabled=is_active, width="stretch"), errors_shown():
        edit_name(bundle)
    with columns[2].popover("Note", icon=":material/sticky_note_2:", width="stretch"), errors_shown():
        edit_note(bundle)
    with columns[3].popover("Delete", icon=":material/delete:", disabled=is_active, width="stretch"), errors_shown():
        confirm_deletion(bundle)
    columns[4].download_button(
        "Download report",
        lambda: report_html(bundle, report_of(bundle)),
        f"{bundle.name}.html",
        "text/html",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
    )


def edit_name(bundle: Bundle) -> None:
    """Let the user rename a model."""
    new_name = st.text_input("New name", bundle.name, key=f"name {bundle.name}")
    if st.button("Rename", disabled=new_name == bundle.name, key=f"rename {bundle.name}"):
        rename_model(current_workspace(), bundle.name, new_name)
        st.rerun()


def edit_note(bundle: Bundle) -> None:
    """Let the user write a note on a model."""
    workspace = current_workspace()
    text = st.text_area("Note", read_note(workspace, bundle.name), key=f"note {bundle.name}")
    if st.button("Save note", key=f"keep note {bundle.name}"):
        write_note(workspace, bundle.name, text)
        st.rerun()


def confirm_deletion(bundle: Bundle) -> None:
    """Let the user delete a model."""
    st.markdown(f"Delete **{literal(bundle.name)}** with its run? This can't be undone.")
    if st.button("Delete model", type="primary", key=f"delete {bundle.name}"):
        delete_model(current_workspace(), bundle.name)
        st.rerun()
