"""Provide what every page starts with.

This is its title, the data set's table, and errors shown as one sentence.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.library import Dataset
from mammo_core.errors import MammoError
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.path_text import path_text, text_path
from mammo_core.workspace import Workspace
from ui.access.sign_in import check_signed_in
from ui.literal import literal

BADGES = {
    "queued": ("orange", "schedule"),
    "running": ("blue", "play_circle"),
    "stopping": ("orange", "stop_circle"),
    "finished": ("green", "check_circle"),
    "stopped": ("grey", "stop_circle"),
    "diverged": ("red", "trending_up"),
    "failed": ("red", "error"),
    "crashed": ("red", "error"),
    "unreadable": ("red", "folder_off"),
}


def current_workspace() -> Workspace:
    """Return the data and models folders that this server works in."""
    return Workspace.from_environment()


def open_page(title: str) -> None:
    """Start a page with its title, within the application's navigation.

    On a server whose very first visitor opens a page's own address, Streamlit takes the folder pages/ for the navigation
    of its first multipage apps and runs the page without app.py. `st.navigation` turns that off, but only once app.py has
    run, and Streamlit 1.67 has no public way to do it earlier. So a page that finds no mark of app.py in the session turns
    it off itself and runs again.
    """
    if "app" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()
    with errors_shown():
        check_signed_in()  # app.py has done so, but no page should depend on that
    st.title(literal(title))
    show_announcement()


def announce(text: str) -> None:
    """Have the next run of the script show a sentence, at the edge of the page."""
    st.session_state["announcement"] = text


def show_announcement() -> None:
    """Show what was announced, once."""
    if text := st.session_state.pop("announcement", None):
        st.toast(literal(text), icon=":material/info:", duration="long")


def show_error(error: MammoError) -> None:
    """Show an error of the core as one sentence, literally: it may quote foreign text."""
    st.error(literal(error), icon=":material/error:")


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a MammoError, or a refusal of the file system, and end the script run."""
    try:
        with storage_errors():
            yield
    except MammoError as error:
        show_error(error)
        st.stop()


@contextmanager
def errors_shown_here() -> Iterator[None]:
    """Show a MammoError in place of the rest of the block; the page continues.

    A refusal of the file system counts as one, and so does the end of the person's session: fragments run without the
    page around them.
    """
    try:
        check_signed_in()
        with storage_errors():
            yield
    except MammoError as error:
        show_error(error)


@contextmanager
def errors_announced() -> Iterator[None]:
    """Announce a MammoError, or a refusal of the file system.

    For callbacks, which have no place on the page.
    """
    try:
        with storage_errors():
            yield
    except MammoError as error:
        announce(str(error))


@st.cache_data(show_spinner="Reading the data set …", max_entries=32)
def _read(path: str, version: str) -> Catalogue:
    return read_catalogue(text_path(path))


def catalogue_of(dataset: Dataset) -> Catalogue:
    """Return a data set's catalogue.

    It is read again when the data set has changed.
    """
    return _read(path_text(dataset.path), dataset.version())


def state_badge(state: str) -> str:
    """Return the Markdown badge of a job's state."""
    colour, icon = BADGES[state]
    return f":{colour}-badge[:material/{icon}: {literal(state)}]"
