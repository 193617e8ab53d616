"""Overview: data, active model, running jobs, and where to go next."""

import streamlit as st

from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.store import list_stores
from mammo_core.evaluation.report import format_estimate
from mammo_core.jobs.runs import active_jobs, list_runs, unreadable_jobs
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder, readable_active_model
from ui.literal import literal
from ui.session import current_workspace, errors_shown, errors_shown_here, open_page, state_badge

STEPS = (
    (
        "explore",
        ":material/bar_chart:",
        "Explore",
        "Ages, classes and sites, missing values, and columns that leak the label.",
    ),
    ("data", ":material/database:", "Import", "Convert DICOM to 256 × 256 PNG. Can be stopped and resumed."),
    ("train", ":material/show_chart:", "Train", "One click; loss curves are shown while it trains."),
    ("models", ":material/balance:", "Evaluate", "Scores on unseen patients, with baselines and 95 % intervals."),
    ("predict", ":material/upload_file:", "Predict", "Drop DICOM files; get probabilities and heatmaps."),
)


def show_running() -> None:
    """Show the active jobs; a fragment calls this every two seconds."""
    for job in active_jobs(current_workspace()):
        st.markdown(f"**{literal(job.name)}** {state_badge(job.state())}")
        st.progress(job.fraction(), text=literal(job.progress_text()))


open_page("Mammography workbench")
st.markdown("Explore screening mammograms, train a classifier on them, and check whether it really works.")

with errors_shown():
    workspace = current_workspace()
    datasets, stores, models = list_datasets(workspace), list_stores(workspace), list_models(workspace)
    runs, name = list_runs(workspace), readable_active_model(workspace)
left, middle, right = st.columns(3)
with left.container(border=True, height="stretch"):
    st.metric("Data sets", len(datasets))
    st.caption(
        literal(", ".join(dataset.name for dataset in datasets)) or "None yet: create demo data on the Data page."
    )
with middle.container(border=True, height="stretch"):
    st.metric("Imported data", len(stores))
    st.caption(literal(", ".join(store.name for store in stores)) or "None yet: import a data set on the Data page.")
with right.container(border=True, height="stretch"):
    st.metric("Active model", literal(name) if name in models else "none")
    with errors_shown_here():
        if open_bundle(model_folder(workspace, active_model(workspace))).synthetic:
            st.caption("Demonstration: trained on synthetic images only.")
        for run in runs:
            if run.active and run.auc:
                st.caption(f"Breast-level AUC {literal(format_estimate(run.auc))}, on unseen patients.")

if active_jobs(workspace):
    st.subheader("In progress")
    st.fragment(errors_shown_here()(show_running), run_every=2.0)()
for job in unreadable_jobs(workspace):
    st.warning(f"**{literal(job.name)}** is not readable. {literal(job.message())}", icon=":material/folder_off:")

st.subheader("From data to prediction")
for column, (page, icon, title, text) in zip(st.columns(len(STEPS)), STEPS, strict=True):
    with column.container(border=True, height="stretch"):
        st.page_link(f"pages/{page}.py", label=f"**{title}**", icon=icon)
        st.caption(text)

st.subheader("Why it is built this way")
st.markdown(
    "A published notebook reported **97.9 % accuracy** on these data. That was the share of negative images: its network "
    "predicted “negative” for every image, and images of one patient were on both sides of its split. Here every curve shows "
    "the base rate, every split is by patient, and every score has a baseline and a 95 % interval."
)
