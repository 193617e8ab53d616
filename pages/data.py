"""Create, link and import data sets; follow imports; list unreadable files."""

import streamlit as st

from mammo_core.dataset.library import list_datasets, unreadable_datasets
from mammo_core.dataset.store import list_stores, outdated_stores, unreadable_stores
from mammo_core.jobs.demo import unfinished_demos
from ui.dataset_cards import create_demo, link_folder, show_dataset, show_unfinished, show_unreadable
from ui.dataset_choice import choose_dataset
from ui.literal import literal
from ui.session import current_workspace, errors_shown, errors_shown_here, open_page
from ui.store_cards import show_store

open_page("Data")
with errors_shown():
    workspace = current_workspace()
    datasets, stores = list_datasets(workspace), list_stores(workspace)
if datasets:
    chosen = choose_dataset({dataset.name: dataset for dataset in datasets})
    datasets.sort(key=lambda dataset: dataset != chosen)  # the others keep their order
left, right = st.columns(2, gap="large")
with left:
    st.subheader("Data sets")
    for dataset in datasets:
        with errors_shown_here():
            show_dataset(dataset)
    for name, error in unreadable_datasets(workspace).items():
        show_unreadable(name, error)
    if not datasets:
        st.info(
            "No data set yet. Create demo data, or link a folder in the RSNA layout.", icon=":material/folder_open:"
        )
    for job in unfinished_demos(workspace):
        show_unfinished(job)
    link_folder()
    create_demo(expanded=not datasets)
with right:
    st.subheader("Imported data")
    for store in stores:
        with errors_shown_here():
            show_store(store)
    for name, error in unreadable_stores(workspace).items():
        show_unreadable(name, error)
    for name in outdated_stores(workspace):
        st.warning(
            f"{literal(name)} was imported by another version. Import its data set again.", icon=":material/history:"
        )
    if not stores:
        st.info("Import a data set to get PNG images for training.", icon=":material/photo_library:")
