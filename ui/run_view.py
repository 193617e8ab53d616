"""Show one training run.

The view has its state, progress, learning curves, and the available actions.
"""

import streamlit as st

from mammo_core.documents.job import FINAL
from mammo_core.documents.metrics import read_metrics
from mammo_core.documents.verification import describe_verification
from mammo_core.figures.training import COMPARED, compared_curves, loss_curves, score_curves
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import any_active, run_folder
from mammo_core.jobs.training import can_resume, resume
from mammo_core.workspace import Workspace
from ui.literal import literal
from ui.live_chart import live_chart
from ui.session import errors_shown, errors_shown_here, state_badge
from ui.stop_button import show_stop_button

REFRESH_SECONDS = 1.0


def choose_run(runs: list[str], workspace: Workspace) -> None:
    """Let the user choose a run, and show it.

    The user also chooses other runs to compare it with, and how to draw it. The view is refreshed while the run is
    active.
    """
    pick, compare, live, scale, smooth = st.columns([6, 6, 2, 3, 4], vertical_alignment="bottom")
    name = pick.selectbox("Run", runs, key="run", bind="query-params")
    others = compare.multiselect(
        "Compare with", [run for run in runs if run != name], key="others", bind="query-params"
    )
    polled = live.toggle("Live", True, help="The curves are updated every second; zoom and legend choices are kept.")
    logarithmic = scale.toggle("Log axis")
    smoothing = smooth.slider("Smoothing", 0.0, 0.98, 0.8)
    refresh = REFRESH_SECONDS if polled and any_active(workspace, [name, *others]) else None
    st.fragment(errors_shown_here()(show_run), run_every=refresh)(workspace, name, others, logarithmic, smoothing)


def show_run(workspace: Workspace, name: str, others: list[str], logarithmic: bool, smoothing: float) -> None:
    """Show one run.

    A fragment calls this every second while the run, or one that it is compared with, is active.
    """
    job = JobFolder(run_folder(workspace, name))
    state = job.state()
    head, action = st.columns([5, 1], vertical_alignment="center")
    head.markdown(f"**{literal(name)}** {state_badge(state)} {literal(job.message())}")
    with action:
        show_actions(workspace, job, state)
    if state not in FINAL:
        st.progress(job.fraction(), text=literal(" · ".join(filter(None, (job.progress_text(), job.age_text())))))
    else:
        with errors_shown_here():
            if verification := describe_verification(job.path):
                head.caption(literal(verification))
    with errors_shown_here():
        show_curves(workspace, name, others, logarithmic, smoothing)
    if any_active(workspace, [name, *others]):
        st.session_state["followed"] = [name, *others]
    elif st.session_state.pop("followed", None) == [name, *others]:
        st.rerun()  # the complete page once more, without polling


def show_actions(workspace: Workspace, job: JobFolder, state: str) -> None:
    """Show the button that stops or resumes a run."""
    if state not in FINAL:
        show_stop_button(job, "The best model so far is kept.")
    elif can_resume(job) and st.button("Resume", icon=":material/resume:", width="stretch", key="resume"):
        with errors_shown():
            resume(workspace, job.name)
        st.rerun()


def show_curves(workspace: Workspace, name: str, others: list[str], logarithmic: bool, smoothing: float) -> None:
    """Show the learning curves of a run, and those of others in comparison."""
    records = read_metrics(run_folder(workspace, name))
    left, right = st.columns(2)
    if len(records) > 1:
        with left:
            live_chart(loss_curves(records, logarithmic=logarithmic, smoothing=smoothing), f"loss {name}")
        with right:
            live_chart(score_curves(records), f"scores {name}")
        st.caption("Dashed line: a model that always predicts “negative”.")
    if others:
        runs = {name: records} | {other: read_metrics(run_folder(workspace, other)) for other in others}
        for column, metric in zip(st.columns(2), COMPARED, strict=True):
            with column:
                live_chart(compared_curves(runs, metric), f"{metric} of {' '.join(runs)}")
