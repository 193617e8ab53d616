"""Let the user delete evaluations of models on other data, and undo it."""

import streamlit as st

from mammo_core.jobs.removal import Removed, empty_evaluation_trash, remove_evaluation, restore_removed
from mammo_core.models.bundle import Bundle
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import announce, current_workspace, errors_announced, errors_shown_here

REMOVED = "removed evaluation"  # in the session: the model's name, and what was removed last


def offer_deletion(bundle: Bundle, store: str) -> None:
    """Show the button that deletes the evaluation of a model on a store."""
    if st.button("Delete", key=f"delete evaluation on {store}", icon=":material/delete:", type="tertiary"):
        confirm_deletion(bundle, store)


@st.dialog("Delete an evaluation")
def confirm_deletion(bundle: Bundle, store: str) -> None:
    """Let the user delete an evaluation; closes afterwards."""
    st.markdown(
        f"Delete the evaluation of **{literal(bundle.name)}** on **{literal(store)}**? The model and the data stay. "
        "It can be restored for an hour."
    )
    if st.button(
        ":red[Delete evaluation]",
        key="delete evaluation now",
        icon=":material/delete:",
        on_click=delete,
        args=(bundle, store),
    ):
        st.rerun()


def delete(bundle: Bundle, store: str) -> None:
    """Delete an evaluation, and remember how to restore it; a button's callback."""
    with errors_announced():
        request("delete evaluation", bundle.name)
        st.session_state[REMOVED] = bundle.name, remove_evaluation(current_workspace(), bundle, store)
        announce(f"Deleted the evaluation of {bundle.name} on {store}.")


def offer_undo() -> None:
    """Offer to restore the evaluation that this session deleted last."""
    with errors_shown_here():
        empty_evaluation_trash(current_workspace())
    if REMOVED in st.session_state:
        model, removed = st.session_state[REMOVED]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"Deleted the evaluation of {literal(model)} on {literal(removed.name)}.",
                width="content",
            )
            st.button(
                "Undo",
                key="undo deletion of evaluation",
                icon=":material/undo:",
                type="tertiary",
                on_click=undo,
                args=(model, removed),
            )


def undo(model: str, removed: Removed) -> None:
    """Restore the evaluation that was deleted last; a button's callback."""
    st.session_state.pop(REMOVED, None)
    with errors_announced():
        request("restore evaluation", model)
        announce(f"Restored the evaluation of {model} on {restore_removed(removed)}.")
