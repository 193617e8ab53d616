"""Show data sets on the Data page, each with what was imported from it."""

import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import Dataset, describe_dataset, describe_missing, image_bytes, summarise_dataset
from mammo_core.dataset.store import Store
from mammo_core.errors import DataError, MammoError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import is_importing
from mammo_core.jobs.removal import why_kept
from mammo_core.storage.path_text import path_text
from ui.import_dialog import choose_import
from ui.literal import literal, literal_table
from ui.mark_downloads import show_marks
from ui.removal_dialog import confirm_dataset_deletion, confirm_unlink
from ui.session import catalogue_of, current_workspace, errors_shown_here, show_error
from ui.store_cards import show_job, show_store


@st.cache_data(max_entries=16, show_spinner="Adding up the sizes of the files …")
def bytes_of(path: str, version: str, _dataset: Dataset) -> int:
    """Return the size of a data set's images in bytes.

    `path` and `version` are the cache's key.
    """
    return image_bytes(catalogue_of(_dataset))


def show_dataset(dataset: Dataset, stores: list[Store]) -> None:
    """Show a data set, what was imported from it, and where to go on.

    Args:
        dataset: the data set.
        stores: what was imported from it.
    """
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        try:
            catalogue = catalogue_of(dataset)
        except MammoError as error:
            left.markdown(
                f"{dataset_title(dataset)} :red-badge[not readable]  \n:small[{literal(path_text(dataset.path))}]"
            )
            with right:
                show_removal(dataset)
            return show_error(error)
        missing = describe_missing(catalogue, synthetic=dataset.synthetic)
        colour = "gray" if dataset.synthetic else "orange"
        state = f":{colour}-badge[{literal(missing)}]" if missing else ""
        size = bytes_of(path_text(dataset.path), dataset.version(), dataset)
        about = f"{describe_dataset(catalogue, size)} · {path_text(catalogue.root)}"
        left.markdown(f"{dataset_title(dataset)} {state}  \n:small[{literal(about)}]")
        with right:
            show_steps(dataset, catalogue, imported=bool(stores))
        for note in catalogue.notes:
            st.caption(literal(note))
        with errors_shown_here():
            show_marks(dataset, catalogue)
        for store in stores:
            with errors_shown_here():
                show_store(store, catalogue)
        if not stores:
            st.caption("Not imported yet. Explore and Exams work without; training needs an import.")
        with st.expander("Contents"):
            st.table(literal_table(summarise_dataset(catalogue)), hide_index=True)


def dataset_title(dataset: Dataset) -> str:
    """Return the Markdown of a data set's name and origin."""
    origin = " :violet-badge[synthetic]" if dataset.synthetic else ""
    linked = " :blue-badge[linked]" if dataset.linked else ""
    return f"**{literal(dataset.name)}**{origin}{linked}"


def show_steps(dataset: Dataset, catalogue: Catalogue, *, imported: bool) -> None:
    """Show what can be done with a data set."""
    busy = is_importing(current_workspace(), catalogue.csv)
    empty = catalogue.missing_files == len(catalogue.table)
    reason = "An import of this data set is running." if busy else "None of its files is there." if empty else None
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        for page, label, icon in (("explore", "Explore", "bar_chart"), ("exams", "Exams", "grid_view")):
            st.page_link(
                f"pages/{page}.py",
                label=literal(label),
                icon=f":material/{icon}:",
                query_params={"dataset": dataset.name},
            )
        if st.button(
            "Import",
            key=f"import {dataset.name}",
            icon=":material/play_arrow:",
            type="secondary" if imported or empty else "primary",
            disabled=reason is not None,
            help=reason,
        ):
            st.session_state.pop("import name", None)
            choose_import(dataset)
        show_removal(dataset)


def show_removal(dataset: Dataset) -> None:
    """Show the button that unlinks or deletes a data set."""
    label, icon = ("Unlink", "link_off") if dataset.linked else ("Delete", "delete")
    reason = why_kept(current_workspace(), dataset)
    if st.button(
        label,
        key=f"remove {dataset.name}",
        icon=f":material/{icon}:",
        type="tertiary",
        disabled=reason is not None,
        help=literal(reason) if reason else None,
    ):
        (confirm_unlink if dataset.linked else confirm_dataset_deletion)(dataset)


def show_unreadable(name: str, error: DataError) -> None:
    """Show a data set or imported data that is damaged."""
    with st.container(border=True):
        st.markdown(f"**{literal(name)}** :red-badge[not readable]")
        show_error(error)


def show_unfinished(job: JobFolder) -> None:
    """Show a synthetic data set that is being created or could not be completed."""
    with st.container(border=True):
        st.markdown(f"**{literal(job.name)}** :violet-badge[synthetic]")
        show_job(job)
