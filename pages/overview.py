"""Overview: what to try first, the state of one's own data, what is running."""

import streamlit as st

from mammo_core.assessment.checklist import checklist
from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.store import list_stores
from mammo_core.evaluation.report import format_estimate
from mammo_core.jobs.runs import active_jobs, list_runs, unreadable_jobs
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, model_folder
from ui.job_status import show_checklist, show_running
from ui.literal import literal
from ui.session import current_workspace, errors_shown, errors_shown_here, open_page
from ui.tour import show_tour
from ui.uploads import offer_samples, show_next_example

open_page("Mammography workbench")
st.markdown(
    "Explore screening mammograms, train a classifier on them, and check whether it really works. Every score has a baseline "
    "and a 95 % interval."
)
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("See a prediction on a demo exam", type="primary", icon=":material/play_circle:"):
        show_next_example()
        st.switch_page("pages/predict.py")
    if st.button("Use my own data", icon=":material/create_new_folder:"):
        st.switch_page("pages/data.py")
    if st.button("Tour", icon=":material/explore:", type="tertiary"):
        show_tour()

with errors_shown():
    workspace = current_workspace()
    datasets, stores, runs = list_datasets(workspace), list_stores(workspace), list_runs(workspace)
    steps = checklist(workspace, runs)
with errors_shown_here():
    name = active_model(workspace)
    origin = ", demonstration on synthetic images" if open_bundle(model_folder(workspace, name)).synthetic else ""
    auc = next((f", AUC by breast {format_estimate(run.auc)}" for run in runs if run.active and run.auc), "")
    counts = f"Data sets: {len(datasets):,} · Imported: {len(stores):,} · Active model: {name}{origin}{auc}"
    st.caption(literal(counts))

if active_jobs(workspace):
    st.subheader("In progress")
    st.fragment(errors_shown_here()(show_running), run_every=2.0)()
for job in unreadable_jobs(workspace):
    st.warning(f"**{literal(job.name)}** is not readable. {literal(job.message())}", icon=":material/folder_off:")

st.subheader("From your data to predictions")
show_checklist(steps)

st.subheader("Files to try")
st.caption("To drop on the Predict page.")
with st.container(horizontal=True):
    offer_samples()
