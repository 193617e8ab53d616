"""Create, link, import and remove data sets; follow imports."""

import streamlit as st

from mammo_core.dataset.library import list_datasets, unreadable_datasets
from mammo_core.dataset.store import list_stores, outdated_stores, stores_of, unreadable_stores
from mammo_core.jobs.demo import unfinished_demos
from ui.dataset_cards import show_dataset, show_unfinished, show_unreadable
from ui.dataset_choice import choose_dataset
from ui.demo_dialog import choose_demo
from ui.link_dialog import choose_folder
from ui.literal import literal
from ui.removal_dialog import offer_undo
from ui.session import current_workspace, errors_shown, errors_shown_here, open_page
from ui.store_cards import show_store

open_page("Data")
with errors_shown():
    workspace = current_workspace()
    datasets, stores = list_datasets(workspace), list_stores(workspace)
if datasets:
    chosen = choose_dataset({dataset.name: dataset for dataset in datasets})
    datasets.sort(key=lambda dataset: dataset != chosen)  # the others keep their order
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Link a folder", key="link", icon=":material/create_new_folder:"):
        choose_folder()
    if st.button("Create demo data", key="create demo", icon=":material/auto_awesome:"):
        choose_demo()
    offer_undo()
if not datasets:
    st.info("No data set yet. Create demo data, or link a folder in the RSNA layout.", icon=":material/folder_open:")
orphans = stores
for dataset in datasets:
    own = stores_of(dataset.path, stores)
    orphans = [store for store in orphans if store not in own]
    with errors_shown_here():
        show_dataset(dataset, own)
for job in unfinished_demos(workspace):
    show_unfinished(job)
for name, error in [*unreadable_datasets(workspace).items(), *unreadable_stores(workspace).items()]:
    show_unreadable(name, error)
for name in outdated_stores(workspace):
    st.warning(
        f"{literal(name)} was imported by another version. Import its data set again.", icon=":material/history:"
    )
if orphans:
    with st.container(border=True):
        st.markdown("**Imported from data sets that aren't here**")
        for store in orphans:
            with errors_shown_here():
                show_store(store, None)
