"""One training run as its folder tells it: state, progress, curves, and what can be done with it."""

import streamlit as st

from mammo_core.figures.training import COMPARED, compared_curves, loss_curves, score_curves
from mammo_core.jobs import FINAL, JobFolder, stop_job
from mammo_core.jobs.runs import any_active, read_metrics, run_folder, verification_text
from mammo_core.jobs.training import can_resume, resume
from mammo_core.workspace import Workspace
from ui.live_chart import live_chart
from ui.session import errors_shown, state_badge


def show_actions(job: JobFolder, state: str) -> None:
    """Show what can be done with a run as it stands."""
    if state not in FINAL:
        label, icon = ("Stop at once", ":material/dangerous:") if job.stop_requested() else ("Stop", ":material/stop:")
        if st.button(label, icon=icon, width="stretch", key="stop", help="The best model so far is kept."):
            with errors_shown():
                stop_job(job)
            st.rerun()
    elif can_resume(job) and st.button("Resume", icon=":material/resume:", width="stretch", key="resume"):
        with errors_shown():
            resume(Workspace.from_environment(), job.name)
        st.rerun()


def show_run(name: str, others: list[str], logarithmic: bool, smoothing: float) -> None:
    """Show one run as its folder tells it; a fragment calls this every second while it, or one beside it, lives."""
    job = JobFolder(run_folder(Workspace.from_environment(), name))
    state = job.state()
    head, action = st.columns([5, 1], vertical_alignment="center")
    head.markdown(f"**{name}** {state_badge(state)} {job.message()}")
    with action:
        show_actions(job, state)
    if state not in FINAL:
        st.progress(job.fraction(), text=" · ".join(filter(None, (job.progress_text(), job.age_text()))))
    elif found := verification_text(job.path):
        head.caption(f"The model is {found}.")
    show_curves(name, others, logarithmic, smoothing)
    if any_active(Workspace.from_environment(), [name, *others]):
        st.session_state["followed"] = [name, *others]
    elif st.session_state.pop("followed", None) == [name, *others]:
        st.rerun()  # the whole page once more, without polling


def show_curves(name: str, others: list[str], logarithmic: bool, smoothing: float) -> None:
    """Show how a run has learnt so far, and others beside it."""
    records = read_metrics(run_folder(Workspace.from_environment(), name))
    left, right = st.columns(2)
    if len(records) > 1:
        with left:
            live_chart(loss_curves(records, logarithmic=logarithmic, smoothing=smoothing), f"loss {name}")
        with right:
            live_chart(score_curves(records), f"scores {name}")
        st.caption("Dashed: what “negative” to everything gets, in accuracy (base rate) and in loss (its entropy).")
    if others:
        runs = {name: records} | {
            other: read_metrics(run_folder(Workspace.from_environment(), other)) for other in others
        }
        for column, value in zip(st.columns(2), COMPARED, strict=True):
            with column:
                live_chart(compared_curves(runs, value), f"{value} of {' '.join(runs)}")
