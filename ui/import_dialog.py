"""Let the user choose how a data set is imported, and start it."""

import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import Dataset
from mammo_core.documents.preprocessing_config import parse_size
from mammo_core.errors import ConfigError, MammoError
from mammo_core.jobs.cluster import default_workers
from mammo_core.jobs.import_estimate import estimate_import
from mammo_core.jobs.importing import import_job
from mammo_core.jobs.process import launch
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import catalogue_of, current_workspace, show_error

SIZES = ["256", "512x320", "512"]  # proposed; others can be typed


@st.dialog("Import")
def choose_import(dataset: Dataset) -> None:
    """Ask for size, name and workers, with an estimate; start the import on click."""
    show_choices(dataset)


def show_choices(dataset: Dataset) -> None:
    """Show the contents of the dialog."""
    try:
        catalogue = catalogue_of(dataset)
    except MammoError as error:
        return show_error(error)
    st.markdown(f"Convert the DICOM files of **{literal(dataset.name)}** to PNG images for training.")
    size = st.selectbox(
        "Image size, pixels",
        SIZES,
        key="import size",
        accept_new_options=True,
        help="The side of square images, or rows and columns, such as 512x320. Multiples of 32. About half of a square is "
        "air.",
    )
    name = st.text_input(
        "Name",
        key="import name",
        placeholder=default_name(catalogue, str(size)),
        help="Of the imported data. Left empty, it is the data set's.",
    )
    workers = st.number_input(
        "Workers",
        1,
        2 * default_workers(),
        default_workers(),
        key="import workers",
        help=f"Processes that convert files side by side. This machine has {default_workers():,} cores.",
    )
    show_estimate(catalogue, str(size), workers)
    if st.button("Import", key="import now", type="primary", icon=":material/play_arrow:"):
        start_import(dataset, str(size), name.strip(), workers)


def default_name(catalogue: Catalogue, size: str) -> str:
    """Return the name of an import to which the user gives none.

    It is empty if the size is impossible.
    """
    try:
        return import_job(current_workspace(), str(catalogue.csv), size=parse_size(size)).store
    except MammoError:
        return ""


def show_estimate(catalogue: Catalogue, size: str, workers: int) -> None:
    """Show how long an import will take, and how much disk space."""
    try:
        estimate = estimate_import(current_workspace(), catalogue, parse_size(size), workers)
    except ConfigError as error:
        return show_error(error)
    st.caption(literal(f"{len(catalogue.table):,} images: {estimate.describe()}."))
    if not estimate.fits:
        st.warning("There isn't enough free disk space for this.", icon=":material/hard_drive:")


def start_import(dataset: Dataset, size: str, name: str, workers: int | None) -> None:
    """Start or resume an import and show the page again; an error is shown here.

    Args:
        dataset: what to import.
        size: of the images, as the user wrote it.
        name: of the imported data; empty for the data set's.
        workers: processes; None for one for each core.
    """
    workspace = current_workspace()
    try:
        with st.spinner("Starting …"):
            request("import", dataset.name)
            job = import_job(workspace, str(dataset.path), name or None, parse_size(size))
            launch(job.model_copy(update={"workers": workers}), workspace)
    except MammoError as error:
        return show_error(error)
    st.rerun()
