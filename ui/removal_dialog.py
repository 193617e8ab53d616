"""Let the user unlink or delete data sets and imported data, and undo it."""

from collections.abc import Callable

import streamlit as st

from mammo_core.dataset.library import Dataset
from mammo_core.dataset.store import Store
from mammo_core.jobs.removal import (
    Removed,
    empty_data_trash,
    folder_bytes,
    remove_dataset,
    remove_store,
    restore_removed,
)
from mammo_core.storage.disk_space import format_bytes
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import announce, current_workspace, errors_announced, errors_shown_here

REMOVED = "removed data"  # in the session: what was removed last


@st.dialog("Unlink a data set")
def confirm_unlink(dataset: Dataset) -> None:
    """Let the user unlink a data set; closes afterwards."""
    st.markdown(
        f"Unlink **{literal(dataset.name)}**? Its files are not touched, and what was imported from it stays. "
        "You can link the folder again at any time."
    )
    confirm("Unlink", "unlink now", "link_off", forget_dataset, dataset, "Unlinked")


@st.dialog("Delete a data set")
def confirm_dataset_deletion(dataset: Dataset) -> None:
    """Let the user delete a synthetic data set; closes afterwards."""
    size = format_bytes(folder_bytes(dataset.path))
    st.markdown(
        f"Delete **{literal(dataset.name)}**, {literal(size)} of synthetic files? What was imported from it stays. "
        "It can be restored for an hour."
    )
    confirm("Delete data set", "delete data set now", "delete", forget_dataset, dataset, "Deleted")


@st.dialog("Delete imported data")
def confirm_store_deletion(store: Store) -> None:
    """Let the user delete imported data; closes afterwards."""
    size = format_bytes(folder_bytes(store.folder))
    st.markdown(
        f"Delete **{literal(store.name)}**, {literal(size)} of imported images? The data set and models that were trained "
        "on it stay; importing again makes the same images. It can be restored for an hour."
    )
    confirm("Delete imported data", "delete imported data now", "delete", forget_store, store)


def confirm(label: str, key: str, icon: str, remove: Callable[..., None], *arguments: object) -> None:
    """Show the button that removes something and closes its dialog.

    Args:
        label: of the button.
        key: likewise.
        icon: name of its symbol.
        remove: a callback, with these arguments.
        arguments: of the callback.
    """
    if st.button(f":red[{literal(label)}]", key=key, icon=f":material/{icon}:", on_click=remove, args=arguments):
        st.rerun()


def forget_dataset(dataset: Dataset, verb: str) -> None:
    """Remove a data set, and remember how to restore it; a button's callback."""
    with errors_announced():
        request("unlink or delete data", dataset.name)
        keep_for_undo(remove_dataset(current_workspace(), dataset.name), verb)


def forget_store(store: Store) -> None:
    """Delete imported data, and remember how to restore it; a button's callback."""
    with errors_announced():
        request("unlink or delete data", store.name)
        keep_for_undo(remove_store(current_workspace(), store), "Deleted")


def keep_for_undo(removed: Removed, verb: str) -> None:
    """Remember what was removed, and say so."""
    st.session_state[REMOVED] = removed, verb
    announce(f"{verb} {removed.name}.")


def offer_undo() -> None:
    """Offer to restore what this session removed last."""
    with errors_shown_here():
        empty_data_trash(current_workspace())
    if REMOVED in st.session_state:
        removed, verb = st.session_state[REMOVED]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{literal(verb)} {literal(removed.name)}.", width="content")
            st.button(
                "Undo", key="undo removal", icon=":material/undo:", type="tertiary", on_click=undo, args=(removed,)
            )


def undo(removed: Removed) -> None:
    """Restore what was removed last; a button's callback."""
    del st.session_state[REMOVED]
    with errors_announced():
        request("restore data", removed.name)
        announce(f"Restored {restore_removed(removed)}.")
