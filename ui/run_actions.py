"""The actions on selected training runs: tags and note, archive, delete, undo."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from mammo_core.documents.run_tags import MAX_CHARACTERS, MAX_TAGS, read_tags
from mammo_core.jobs.run_tags import archive_runs, bring_back_runs, delete_runs, restore_runs, write_tags
from mammo_core.jobs.runs import run_folder
from mammo_core.jobs.training_runs import TrainingRun
from mammo_core.models.registry import write_note
from mammo_core.storage.spreadsheet import spreadsheet_csv
from mammo_core.storage.trash import empty_trash
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import announce, current_workspace, errors_announced, errors_shown_here

REMOVED = "removed runs"  # in the session: what was archived or deleted last


def show_run_actions(chosen: Sequence[TrainingRun], table: pd.DataFrame, tags: list[str]) -> None:
    """Show a row of buttons for the selected runs and for the table.

    Args:
        chosen: the selected runs.
        table: as it is shown.
        tags: all that runs have.
    """
    names = [run.name for run in chosen]
    with st.container(horizontal=True):
        if len(chosen) == 1:
            with st.popover("Tags and note", icon=":material/sell:"), errors_shown_here():
                edit_tags(chosen[0], tags)
        if any(not run.tags.archived for run in chosen):
            st.button("Archive", key="archive runs", icon=":material/archive:", on_click=archive, args=(names,))
        if any(run.tags.archived for run in chosen):
            st.button(
                "Bring back", key="bring back runs", icon=":material/unarchive:", on_click=bring_back, args=(names,)
            )
        if chosen and st.button("Delete", key="delete runs", icon=":material/delete:"):
            confirm_deletion(names)
        st.download_button(
            "Download, CSV",
            partial(spreadsheet_csv, table),
            "runs.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def edit_tags(run: TrainingRun, known: list[str]) -> None:
    """Let the user change the tags of a run, and the note on it."""
    present = read_tags(run_folder(current_workspace(), run.name)).tags
    st.multiselect(
        "Tags",
        sorted({*known, *present}),
        present,
        key=f"tags of {run.name}",
        accept_new_options=True,
        max_selections=MAX_TAGS,
        placeholder="Choose or type a tag",
        help=f"Each of at most {MAX_CHARACTERS} characters.",
        width=320,
    )
    st.text_area("Note", run.note, key=f"note of {run.name}", width=320)
    st.button("Save", key=f"save tags of {run.name}", type="primary", on_click=save_tags, args=(run.name,))


def save_tags(name: str) -> None:
    """Save the tags and the note that the user has entered; a button's callback."""
    with errors_announced():
        request("tag run", name)
        write_tags(current_workspace(), name, st.session_state[f"tags of {name}"])
        request("note on model", name)
        write_note(current_workspace(), name, st.session_state[f"note of {name}"])
        announce(f"Saved tags and note of {name}.")


def archive(names: list[str]) -> None:
    """Archive runs, and remember them; a button's callback."""
    with errors_announced():
        for name in names:
            request("archive run", name)
        archive_runs(current_workspace(), names)
        st.session_state[REMOVED] = "Archived", names, ()
        announce(f"Archived {describe_runs(names)}.")


def bring_back(names: list[str]) -> None:
    """List archived runs again; a button's callback."""
    with errors_announced():
        for name in names:
            request("archive run", name)
        bring_back_runs(current_workspace(), names)
        announce(f"Brought back {describe_runs(names)}.")


@st.dialog("Delete runs")
def confirm_deletion(names: list[str]) -> None:
    """Let the user delete runs with their models; closes afterwards."""
    st.markdown(f"Delete **{literal(describe_runs(names))}** with models and notes? They can be restored for an hour.")
    if st.button(":red[Delete]", key="delete runs now", icon=":material/delete:", on_click=delete, args=(names,)):
        st.rerun()


def delete(names: list[str]) -> None:
    """Delete runs, and remember how to restore them; a button's callback."""
    with errors_announced():
        for name in names:
            request("delete model", name)
        st.session_state[REMOVED] = "Deleted", names, delete_runs(current_workspace(), names)
        announce(f"Deleted {describe_runs(names)}.")


def offer_undo() -> None:
    """Offer to undo what this session archived or deleted last."""
    with errors_shown_here():
        empty_trash(current_workspace().models)
    if REMOVED in st.session_state:
        verb, names, _ = st.session_state[REMOVED]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{literal(verb)} {literal(describe_runs(names))}.", width="content")
            st.button("Undo", key="undo of runs", icon=":material/undo:", type="tertiary", on_click=undo)


def undo() -> None:
    """Restore what was archived or deleted last; a button's callback."""
    _, names, trashed = st.session_state.pop(REMOVED)
    with errors_announced():
        for name in names:
            request("restore model" if trashed else "archive run", name)
        if trashed:
            restore_runs(current_workspace(), trashed)
        else:
            bring_back_runs(current_workspace(), names)
        announce(f"Restored {describe_runs(names)}.")


def describe_runs(names: Sequence[str]) -> str:
    """Return the name of a single run, or the number of several."""
    return names[0] if len(names) == 1 else f"{len(names)} runs"
