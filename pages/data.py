"""Data sets and prepared stores: make, link, import, follow, and see what could not be read."""

import streamlit as st

from mammo_core.dataset.library import Dataset, check_dataset, link_dataset, list_datasets
from mammo_core.dataset.store import Store, list_stores, outdated_stores
from mammo_core.work import FINAL, WorkFolder, launch
from mammo_core.work.requests import demo_request, import_request, unfinished_demos
from pages._session import errors_shown, state_badge

REFRESH_SECONDS = 1.0


def follow(work: WorkFolder) -> None:
    """Show how far work is; a fragment calls this every second while the work lives."""
    state = work.state()
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.markdown(f"{state_badge(state)} {work.message()}")
    if state not in FINAL:
        left.progress(work.fraction(), text=work.progress_text())
        if right.button(
            "Stop",
            key=f"stop {work.path}",
            icon=":material/stop:",
            disabled=state == "stopping",
            width="stretch",
        ):
            work.request_stop()
        st.session_state[f"followed {work.path}"] = True
    elif st.session_state.pop(f"followed {work.path}", False):
        st.rerun()  # the whole page once more, without polling


def show_work(work: WorkFolder) -> None:
    if work.exists:
        alive = work.state() not in FINAL
        st.fragment(follow, run_every=REFRESH_SECONDS if alive else None)(work)


def show_dataset(dataset: Dataset) -> None:
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        kind = ":violet-badge[synthetic]" if dataset.synthetic else ":blue-badge[linked]"
        left.markdown(f"**{dataset.name}** {kind}  \n:small[{dataset.path}]")
        if right.button("Import", key=f"import {dataset.name}", icon=":material/play_arrow:", width="stretch"):
            with errors_shown():
                path, arguments = import_request(dataset.name)
                launch(path, "import", arguments)
            st.rerun()
        with st.expander("Check"), errors_shown():
            st.dataframe(check_dataset(dataset.path), hide_index=True, width="content")


def show_store(store: Store) -> None:
    with st.container(border=True):
        st.markdown(
            f"**{store.name}** · {store.contract.size} × {store.contract.size} pixels  \n:small[{store.folder}]"
        )
        show_work(WorkFolder(store.folder))
        quarantine = store.quarantine()
        if len(quarantine):
            with st.expander(f"Quarantine: {len(quarantine)} images could not be prepared"):
                st.dataframe(quarantine, hide_index=True)


st.title("Data")
datasets, stores = list_datasets(), list_stores()
left, right = st.columns(2, gap="large")
with left:
    st.subheader("Data sets")
    for dataset in datasets:
        show_dataset(dataset)
    if not datasets:
        st.info(
            "No data set yet. Make a demo set, or link a folder in the RSNA layout.",
            icon=":material/folder_open:",
        )
    with st.expander("Link a folder", icon=":material/create_new_folder:"), st.form("link", border=False):
        path = st.text_input("Folder with train.csv", placeholder="/data/rsna-breast-cancer-detection")
        name = st.text_input("Name", placeholder="rsna")
        if st.form_submit_button("Check and link"):
            with errors_shown():
                link_dataset(name.strip(), path.strip())
            st.rerun()
    for work in unfinished_demos():
        with st.container(border=True):
            st.markdown(f"**{work.name}** :violet-badge[synthetic]")
            show_work(work)
    with (
        st.expander("Make a demo set", icon=":material/auto_awesome:", expanded=not datasets),
        st.form("demo", border=False),
    ):
        name = st.text_input("Name", value="demo")
        patients = st.slider("Patients", 10, 1000, 140, 10)
        prevalence = st.slider("Positive patients, share", 0.04, 0.5, 0.3, 0.01)
        seed = st.number_input("Seed", 0, 2**31 - 1, 0)
        if st.form_submit_button("Make", type="primary"):
            with errors_shown():
                folder, arguments = demo_request(name.strip(), patients, prevalence, seed)
                launch(folder, "demo", arguments)
            st.rerun()
with right:
    st.subheader("Prepared stores")
    for store in stores:
        show_store(store)
    for name in outdated_stores():
        st.warning(
            f"The store {name} was prepared by another version. Import its data set again.", icon=":material/history:"
        )
    if not stores:
        st.info("Import a data set to make PNG images for training.", icon=":material/photo_library:")
