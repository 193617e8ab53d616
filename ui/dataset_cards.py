"""Show, link and create data sets on the data page."""

from pathlib import Path

import streamlit as st

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import Dataset, describe_dataset, image_bytes, link_dataset, summarise_dataset
from mammo_core.documents.dataset import DEMO_PATIENTS, DEMO_PREVALENCE, DEMO_SEED
from mammo_core.documents.preprocessing_config import parse_size
from mammo_core.errors import DataError, MammoError
from mammo_core.jobs.demo import demo_job
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import import_job, is_importing
from mammo_core.jobs.process import launch
from mammo_core.storage.path_text import path_text
from ui.literal import literal, literal_table
from ui.session import catalogue_of, current_workspace, show_error
from ui.store_cards import show_job

SIZES = ["256", "512x320", "512"]  # proposed for an import; others can be typed


@st.cache_data(max_entries=16, show_spinner="Adding up the sizes of the files …")
def bytes_of(path: str, version: str, _dataset: Dataset) -> int:
    """Return the size of a data set's images in bytes.

    `path` and `version` are the cache's key.
    """
    return image_bytes(catalogue_of(_dataset))


def start_import(source: str, size: str) -> None:
    """Start or resume an import and show the page again; an error is shown here.

    Args:
        source: path of the data set.
        size: of the images, as the user wrote it.
    """
    workspace = current_workspace()
    try:
        launch(import_job(workspace, source, size=parse_size(size)), workspace)
    except MammoError as error:
        return show_error(error)
    st.rerun()


def choose_size(name: str) -> str:
    """Let the user choose the size of a data set's prepared images."""
    size = st.selectbox(
        "Image size, pixels",
        SIZES,
        key=f"image size {name}",
        accept_new_options=True,
        help="The side of square images, or rows and columns, such as 512x320; multiples of 32. About half of a square is "
        "air.",
    )
    return str(size or SIZES[0])


def show_dataset(dataset: Dataset) -> None:
    """Show the contents of a data set and the button that imports it."""
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        linked = ":blue-badge[linked]" if dataset.linked else ""
        path = f":small[{literal(path_text(dataset.path))}]"
        origin = ":violet-badge[synthetic]" if dataset.synthetic else linked
        try:
            catalogue = catalogue_of(dataset)
        except MammoError as error:
            left.markdown(f"**{literal(dataset.name)}** {origin} :red-badge[not readable]  \n{path}")
            return show_error(error)
        missing = catalogue.missing_files
        state = f":orange-badge[files missing: {missing:,}]" if missing else ":green-badge[complete]"
        left.markdown(f"**{literal(dataset.name)}** {origin} {state}  \n{path}")
        size = bytes_of(path_text(dataset.path), dataset.version(), dataset)
        st.markdown(f":small[{literal(describe_dataset(catalogue, size))}]")
        for remark in catalogue.notes:
            st.caption(literal(remark))
        with right:
            image_size = choose_size(dataset.name)
        busy = is_importing(current_workspace(), catalogue.csv)
        if right.button(
            "Import", key=f"import {dataset.name}", icon=":material/play_arrow:", width="stretch", disabled=busy
        ):
            start_import(str(dataset.path), image_size)
        with st.expander("Contents"):
            st.table(literal_table(summarise_dataset(catalogue)), hide_index=True)


def show_unreadable(name: str, error: DataError) -> None:
    """Show a data set or a prepared store that is damaged."""
    with st.container(border=True):
        st.markdown(f"**{literal(name)}** :red-badge[not readable]")
        show_error(error)


def show_unfinished(job: JobFolder) -> None:
    """Show a synthetic data set that is being created or could not be completed."""
    with st.container(border=True):
        st.markdown(f"**{literal(job.name)}** :violet-badge[synthetic]")
        show_job(job)


def link_folder() -> None:
    """Let the user check a folder outside the data folder, and then link it."""
    with st.expander("Link a folder", icon=":material/create_new_folder:"):
        path = st.text_input("Folder with train.csv", placeholder="/data/rsna-breast-cancer-detection", key="link path")
        if not path.strip():
            st.caption("The folder is only read. You see its contents before anything happens.")
            return
        try:
            with st.spinner("Reading the CSV and looking for the files …"):
                catalogue = read_catalogue(Path(path.strip()))
        except MammoError as error:
            return show_error(error)
        st.table(literal_table(summarise_dataset(catalogue)), hide_index=True)
        name = st.text_input("Name", value=catalogue.root.name, key="link name")
        if st.button("Link", type="primary", icon=":material/link:"):
            try:
                link_dataset(current_workspace(), name.strip(), catalogue.csv)
            except MammoError as error:
                return show_error(error)
            st.rerun()


def create_demo(expanded: bool) -> None:
    """Let the user create a synthetic data set."""
    with (
        st.expander("Create demo data", icon=":material/auto_awesome:", expanded=expanded),
        st.form("demo", border=False),
    ):
        name = st.text_input("Name", value="demo")
        patients = st.slider("Patients", 10, 1000, DEMO_PATIENTS, 2)
        prevalence = st.slider("Positive patients", 0.04, 0.5, DEMO_PREVALENCE, 0.01, format="percent")
        seed = st.number_input("Seed", 0, 2**31 - 1, DEMO_SEED)
        if st.form_submit_button("Create", type="primary"):
            workspace = current_workspace()
            try:
                job = demo_job(workspace, name.strip(), patients=patients, seed=seed, prevalence=prevalence)
                launch(job, workspace)
            except MammoError as error:
                return show_error(error)
            st.rerun()
