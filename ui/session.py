"""What the pages share of Streamlit: choosing a data set, and showing a core error as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.library import Dataset, list_datasets
from mammo_core.errors import MammoError
from mammo_core.workspace import Workspace

BADGES = {
    "queued": ("orange", "schedule"),
    "running": ("blue", "play_circle"),
    "stopping": ("orange", "stop_circle"),
    "finished": ("green", "check_circle"),
    "stopped": ("grey", "stop_circle"),
    "diverged": ("red", "trending_up"),
    "failed": ("red", "error"),
    "crashed": ("red", "error"),
}


def open_page(title: str) -> None:
    """Begin a page: within the application's navigation, with its title.

    A server whose very first visitors come to a page's own address takes the pages folder for the navigation of Streamlit's
    first multipage apps, and runs the page without app.py, which says of each session that it was there. Then it runs again.
    """
    if "app" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()
    st.title(title)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a MammoError in the page and end the script run there."""
    try:
        yield
    except MammoError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()


@st.cache_data(show_spinner="Reading the data set …", max_entries=4)
def _read(path: str, version: float) -> Catalogue:
    return read_catalogue(Path(path))


def catalogue_of(dataset: Dataset) -> Catalogue:
    """Return a data set's catalogue; it is read again when it has changed."""
    return _read(str(dataset.path), dataset.version)


def choose_catalogue() -> Catalogue:
    """Let the user choose a data set in the sidebar and return its catalogue; ends the page if there is none."""
    with errors_shown():
        datasets = {dataset.name: dataset for dataset in list_datasets(Workspace.from_environment())}
    if not datasets:
        st.info(
            "There is no data set yet. Make a demo set or point at a folder first.",
            icon=":material/folder_open:",
        )
        st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
        st.stop()
    name = st.sidebar.selectbox("Data set", list(datasets), key="dataset", bind="query-params")
    with errors_shown():
        return catalogue_of(datasets[name])
    raise AssertionError("errors_shown stops the page")


def state_badge(state: str) -> str:
    """Return the Markdown badge of a state of long work."""
    colour, icon = BADGES[state]
    return f":{colour}-badge[:material/{icon}: {state}]"
