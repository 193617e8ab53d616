"""Choose the data set that the pages share.

Explore, Exams and Data show the same one, and name it in their address.
"""

from collections.abc import Mapping

import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import Dataset, list_datasets
from ui.literal import literal
from ui.session import catalogue_of, current_workspace, errors_shown, errors_shown_here

KEY = "dataset"  # of the select box; also the name in the address
SHARED = "data set of all pages"


def remember_dataset() -> None:
    """Keep the select box's data set for the other pages; a callback."""
    st.session_state[SHARED] = st.session_state[KEY]


def choose_dataset(datasets: Mapping[str, Dataset]) -> Dataset:
    """Let the user choose a data set in the sidebar, and return it.

    The address decides first, then what another page chose, then the order. A name in the address that isn't there is
    named on the page.

    Args:
        datasets: at least one, by name.
    """
    named, shared = st.query_params.get(KEY), st.session_state.get(SHARED)
    first = next(iter(datasets))
    if named is not None and named not in datasets:
        st.warning(
            f"There is no data set {literal(named)} here. This is {literal(shared if shared in datasets else first)}.",
            icon=":material/search_off:",
        )
    if named not in datasets and shared in datasets:
        # Also where it is there already: else another page's box starts with the first one.
        st.session_state[KEY] = shared
    name = st.sidebar.selectbox("Data set", list(datasets), key=KEY, bind="query-params", on_change=remember_dataset)
    st.session_state[SHARED] = name
    return datasets[name]


def choose_catalogue() -> Catalogue:
    """Let the user choose a data set in the sidebar, and return its catalogue.

    If there is no data set, or this one can't be read, the page ends here.
    """
    with errors_shown():
        datasets = {dataset.name: dataset for dataset in list_datasets(current_workspace())}
    if not datasets:
        st.info("There is no data set yet. Create demo data or link a folder first.", icon=":material/folder_open:")
        st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
        st.stop()
    with errors_shown_here():
        return catalogue_of(choose_dataset(datasets))
    st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
    st.stop()
