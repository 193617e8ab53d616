"""Data sets and prepared stores: make, link, import, follow, and see what could not be read."""

import streamlit as st

from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.store import list_stores, outdated_stores
from mammo_core.jobs.requests import unfinished_demos
from mammo_core.workspace import Workspace
from ui.dataset_cards import link_folder, make_demo, show_dataset, show_unfinished
from ui.session import errors_shown, open_page
from ui.store_cards import show_store

open_page("Data")
with errors_shown():
    workspace = Workspace.from_environment()
    datasets, stores = list_datasets(workspace), list_stores(workspace)
left, right = st.columns(2, gap="large")
with left:
    st.subheader("Data sets")
    for dataset in datasets:
        show_dataset(dataset)
    if not datasets:
        st.info("No data set yet. Make a demo set, or link a folder in the RSNA layout.", icon=":material/folder_open:")
    for job in unfinished_demos():
        show_unfinished(job)
    link_folder()
    make_demo(expanded=not datasets)
with right:
    st.subheader("Prepared stores")
    for store in stores:
        show_store(store)
    for name in outdated_stores(workspace):
        st.warning(
            f"The store {name} was prepared by another version. Import its data set again.", icon=":material/history:"
        )
    if not stores:
        st.info("Import a data set to make PNG images for training.", icon=":material/photo_library:")
