"""What can be done with a model: activate, rename, note, delete, take its report away."""

import streamlit as st

from mammo_core.errors import MammoError
from mammo_core.figures.model_report import report_html
from mammo_core.jobs.runs import compare_with_active
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import activate, active_model, delete_model, read_note, rename_model, write_note
from mammo_core.workspace import Workspace
from ui.report_view import report_of
from ui.session import errors_shown


@st.dialog("Activate a model", width="large")
def confirm(bundle: Bundle) -> None:
    """Show how the candidate does, alone and beside the active model, before it goes live."""
    workspace = Workspace.from_environment()
    st.markdown(f"**{bundle.name}** answers on the Predict page from then on.")
    st.info(report_of(bundle)["verdict"], icon=":material/balance:")
    try:
        st.info(
            f"Beside {active_model(workspace)}: {compare_with_active(bundle.name)}",
            icon=":material/compare_arrows:",
        )
    except MammoError as error:
        st.warning(str(error), icon=":material/compare_arrows:")
    if st.button("Activate", type="primary", icon=":material/check:"):
        with errors_shown():
            activate(workspace, bundle.name)
        st.rerun()


def manage(bundle: Bundle) -> None:
    """Show what can be done with a model."""
    workspace = Workspace.from_environment()
    go, rename, note, delete, export = st.columns(5)
    is_active = bundle.name == active_model(workspace)
    if go.button("Activate", type="primary", icon=":material/check:", disabled=is_active, width="stretch"):
        confirm(bundle)
    with rename.popover("Rename", icon=":material/edit:", disabled=is_active, width="stretch"), errors_shown():
        new = st.text_input("New name", bundle.name, key=f"name {bundle.name}")
        if st.button("Rename it", disabled=new == bundle.name, key=f"rename {bundle.name}"):
            rename_model(workspace, bundle.name, new)
            st.rerun()
    with note.popover("Note", icon=":material/sticky_note_2:", width="stretch"), errors_shown():
        text = st.text_area("What is to be remembered", read_note(workspace, bundle.name), key=f"note {bundle.name}")
        if st.button("Keep the note", key=f"keep note {bundle.name}"):
            write_note(workspace, bundle.name, text)
            st.rerun()
    with delete.popover("Delete", icon=":material/delete:", disabled=is_active, width="stretch"), errors_shown():
        st.markdown(f"Delete **{bundle.name}** with its run? This can't be undone.")
        if st.button("Delete it", type="primary", key=f"delete {bundle.name}"):
            delete_model(workspace, bundle.name)
            st.rerun()
    name = f"{bundle.name}.html"
    export.download_button(
        "Report",
        lambda: report_html(bundle),
        name,
        "text/html",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
    )
