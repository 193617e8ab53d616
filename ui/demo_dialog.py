"""Let the user create a synthetic data set."""

import streamlit as st

from mammo_core.dataset.library import free_name
from mammo_core.documents.dataset import DEMO_PATIENTS, DEMO_PREVALENCE, DEMO_SEED
from mammo_core.errors import MammoError
from mammo_core.jobs.demo import demo_job
from mammo_core.jobs.import_estimate import estimate_demo
from mammo_core.jobs.process import launch
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import current_workspace, show_error


@st.dialog("Create demo data")
def choose_demo() -> None:
    """Ask for name and number of patients; create the data on click."""
    show_choices()


def show_choices() -> None:
    """Show the contents of the dialog."""
    workspace = current_workspace()
    st.markdown("Synthetic mammograms as real DICOM files, with lesions whose place is known.")
    name = st.text_input("Name", value=free_name(workspace, "demo"), key="demo name")
    patients = st.slider("Patients", 10, 1000, DEMO_PATIENTS, 2, key="demo patients")
    prevalence = st.slider(
        "Positive patients", 0.04, 0.5, DEMO_PREVALENCE, 0.01, format="percent", key="demo prevalence"
    )
    seed = st.number_input("Seed", 0, 2**31 - 1, DEMO_SEED, key="demo seed", help="The same seed makes the same files.")
    estimate = estimate_demo(workspace, patients)
    st.caption(literal(f"Estimate: {estimate.describe()}."))
    if not estimate.fits:
        st.warning("There isn't enough free disk space for this.", icon=":material/hard_drive:")
    if st.button("Create", key="create demo now", type="primary", icon=":material/auto_awesome:"):
        try:
            with st.spinner("Starting …"):
                request("create data", name.strip())
                launch(
                    demo_job(workspace, name.strip(), patients=patients, seed=seed, prevalence=prevalence), workspace
                )
        except MammoError as error:
            return show_error(error)
        st.rerun()
