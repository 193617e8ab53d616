"""What data is loaded, which model is active, what is running, and where to go next."""

import streamlit as st

from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.store import list_stores
from mammo_core.errors import MammoError
from mammo_core.evaluation.tables import format_ci
from mammo_core.jobs.runs import active_jobs, list_runs
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder
from mammo_core.workspace import Workspace
from ui.session import errors_shown, open_page, state_badge

STEPS = (
    (
        "explore",
        ":material/bar_chart:",
        "Explore",
        "Who is in the data: ages, classes, sites, and what gives the label away.",
    ),
    ("data", ":material/database:", "Import", "DICOM to 256 × 256 PNG sorted by label, restartable."),
    ("train", ":material/show_chart:", "Train", "One click; loss curves stream while it learns."),
    ("models", ":material/balance:", "Judge", "Patients it has never seen, baselines, confidence intervals."),
    ("predict", ":material/upload_file:", "Predict", "Drop DICOM files, get probabilities and heatmaps."),
)


def show_running() -> None:
    """Show what is under way; a fragment calls this every two seconds."""
    for job in active_jobs():
        st.markdown(f"**{job.name}** {state_badge(job.state())}")
        st.progress(job.fraction(), text=job.progress_text())


open_page("Mammography workbench")
st.markdown(
    "Explore screening mammograms, turn DICOM into training images, train a network, and see whether it has learnt anything."
)

with errors_shown():
    workspace = Workspace.from_environment()
    datasets, stores, models = list_datasets(workspace), list_stores(workspace), list_models(workspace)
    runs = {row["run"]: row for row in list_runs()}
left, middle, right = st.columns(3)
with left.container(border=True, height="stretch"):
    st.metric("Data sets", len(datasets))
    st.caption(", ".join(dataset.name for dataset in datasets) or "None yet: make a demo set on the Data page.")
with middle.container(border=True, height="stretch"):
    st.metric("Prepared stores", len(stores))
    st.caption(", ".join(store.name for store in stores) or "None yet: import a data set on the Data page.")
with right.container(border=True, height="stretch"):
    name = active_model(Workspace.from_environment())
    st.metric("Active model", name if name in models else "none")
    try:
        if open_bundle(model_folder(Workspace.from_environment(), name)).synthetic:
            st.caption("Demonstration: trained on synthetic images only.")
        if auc := runs[name]["auc"]:
            st.caption(f"Breast-level AUC {format_ci(auc)}, 95 % CI, on patients it hadn't seen.")
    except MammoError as error:
        st.error(str(error), icon=":material/error:")

if active_jobs():
    st.subheader("Under way")
    st.fragment(show_running, run_every=2.0)()

st.subheader("From data to prediction")
for column, (page, icon, title, text) in zip(st.columns(len(STEPS)), STEPS, strict=True):
    with column.container(border=True, height="stretch"):
        st.page_link(f"pages/{page}.py", label=f"**{title}**", icon=icon)
        st.caption(text)

st.subheader("Why it is built this way")
st.markdown(
    "The work that this one re-does reported **97.9 % accuracy**. That was the share of negative images: its network answered "
    "“negative” to everything, and images of one patient stood on both sides of its split. Here every curve has the base rate "
    "beside it, every split is by patient, and every figure of merit comes with a baseline and a confidence interval."
)
