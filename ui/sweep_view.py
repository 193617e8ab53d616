"""Follow a sweep of training runs on the Train page, and show what came of it."""

from collections.abc import Sequence
from typing import Literal, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.documents.job import FINAL
from mammo_core.figures.runs import parallel_figure, setting_figure
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.run_table import SETTINGS
from mammo_core.jobs.runs import run_folder
from mammo_core.jobs.sweep import SweepJob, can_resume_sweep, resume_sweep, sweep_folder
from mammo_core.jobs.sweep_results import (
    SweepGroup,
    active_runs,
    group_runs,
    list_sweeps,
    results_frame,
    results_table,
    sweep_fraction,
)
from mammo_core.workspace import Workspace
from ui.access.sign_in import request
from ui.charts import show_chart
from ui.literal import literal
from ui.run_list import PARAMETER
from ui.session import errors_shown, errors_shown_here, state_badge
from ui.stop_button import show_stop_button
from ui.sweep_form import STARTED_SWEEP

Section = Literal["Train", "All runs", "Sweeps"]
SECTIONS: tuple[Section, ...] = get_args(Section)
REFRESH_SECONDS = 1.0
STOPPING_KEEPS = "The runs that have ended are kept, and so is the best model of the present one."


def choose_section(bar: DeltaGenerator) -> Section:
    """Let the user choose a section of the page.

    A sweep that was just started is shown first.
    """
    if name := st.session_state.pop(STARTED_SWEEP, None):
        st.session_state.update({"section": "Sweeps", "sweep": name})
    elif "section" not in st.session_state and "section" not in st.query_params:
        st.session_state["section"] = "Train"  # not as a default: Streamlit warns of one beside a state that is set
    section: Section | None = bar.segmented_control(
        "Section",
        SECTIONS,
        required=True,
        key="section",
        bind="query-params",
        label_visibility="collapsed",
    )
    return section or "Train"


def show_sweeps(workspace: Workspace, bar: DeltaGenerator) -> None:
    """Let the user choose a sweep, and show it; refreshed while it is active.

    Args:
        workspace: the folders to work in.
        bar: a horizontal container for the choice.
    """
    with errors_shown():
        names = list_sweeps(workspace)
    if not names:
        st.info(
            "There is no sweep yet. Under “Train”, open “New run”, then “Vary settings and folds”.",
            icon=":material/tune:",
        )
        return
    if st.session_state.get("sweep", st.query_params.get("sweep")) in names:
        st.session_state.setdefault("sweep", st.query_params.get("sweep"))
    else:
        st.session_state["sweep"] = names[0]
    name = bar.selectbox("Sweep", names, key="sweep", width=380)
    st.query_params["sweep"] = name  # bound by Streamlit, the address would leave out the first one, which changes
    job = JobFolder(sweep_folder(workspace, name))
    active = job.state() not in FINAL
    refresh = REFRESH_SECONDS if active else None
    st.fragment(errors_shown_here()(follow_sweep), run_every=refresh)(workspace, job, active)


def follow_sweep(workspace: Workspace, job: JobFolder, was_active: bool) -> None:
    """Show how far a sweep is, and the results so far.

    A fragment calls this every second while it is active.

    Args:
        workspace: the folders to work in.
        job: the sweep's folder.
        was_active: whether it was active when the page around this was drawn.
    """
    state = job.state()
    if was_active and state in FINAL:
        st.rerun()  # the complete page once more, without polling
    head, action = st.columns([5, 1], vertical_alignment="center")
    head.markdown(f"**{literal(job.name)}** {state_badge(state)} {literal(job.message())}")
    sweep = job.spec(SweepJob)
    groups = group_runs(workspace, sweep)
    with action:
        if state not in FINAL:
            show_stop_button(job, STOPPING_KEEPS, "Stop all")
        elif can_resume_sweep(workspace, job):
            offer_resuming(workspace, job)
    if state not in FINAL:
        st.progress(sweep_fraction(workspace, sweep), text=literal(job.progress_text()))
        for name in active_runs(groups):
            show_active_run(JobFolder(run_folder(workspace, name)))
    st.dataframe(results_table(groups), hide_index=True)
    for group in groups:
        if group.problem:
            st.warning(literal(group.problem), icon=":material/warning:")
    if any(len(group.names) > 1 for group in groups):
        st.caption("AUC of all folds together: each patient is predicted by the network that hasn't seen her.")
    offer_comparison(groups)
    show_charts(groups, job.name)


def offer_resuming(workspace: Workspace, job: JobFolder) -> None:
    """Show the button that resumes a sweep."""
    if st.button(
        "Resume",
        key="resume sweep",
        icon=":material/resume:",
        width="stretch",
        help="Does the runs that haven't finished; those that were interrupted go on after their last epoch.",
    ):
        with errors_shown():
            request("train", job.name)
            resume_sweep(workspace, job.name)
        st.rerun()


def show_active_run(job: JobFolder) -> None:
    """Show how far the present run of a sweep is, and let the user stop it alone."""
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.caption(literal(f"{job.name} · {job.progress_text()}"))
    with right:
        if not job.stop_requested():  # a second stop would end the process, which is the whole sweep's
            show_stop_button(job, "The best model so far is kept, and the next run begins.", "Stop this run")


def offer_comparison(groups: Sequence[SweepGroup]) -> None:
    """Show the button that leads to the runs of a sweep in the list of all runs."""
    names = [run.name for group in groups for run in group.runs]
    if names and st.button(
        "Compare its runs",
        key="compare runs of the sweep",
        icon=":material/compare_arrows:",
        on_click=compare_runs,
        args=(names,),
    ):
        st.rerun()  # the complete page: this is a fragment of it


def compare_runs(names: list[str]) -> None:
    """Show runs over each other in the list of all runs; a button's callback."""
    st.session_state["section"] = "All runs"
    st.query_params[PARAMETER] = names


def show_charts(groups: Sequence[SweepGroup], name: str) -> None:
    """Show the AUC over a setting, and all settings together where several differ.

    Args:
        groups: the combinations of settings.
        name: of the sweep.
    """
    results = results_frame(groups)
    titles = {setting: SETTINGS[setting] for setting in groups[0].settings}
    if results.empty or not titles:
        return
    left, right = st.columns(2)
    with left:
        setting = next(iter(titles))
        if len(titles) > 1:
            setting = st.segmented_control(
                "Setting",
                list(titles),
                default=setting,
                required=True,
                key=f"setting of {name}",
                format_func=lambda field: literal(titles[field]),
            )
        show_chart(setting_figure(results, setting, titles[setting]), f"auc by setting of {name}", name)
    if len(titles) > 1:
        with right:
            show_chart(parallel_figure(results, titles), f"settings of {name}", name)
