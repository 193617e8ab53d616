"""Show on the overview how far the user's data have come, and what is running."""

from contextlib import suppress

import streamlit as st

from mammo_core.assessment.checklist import Step
from mammo_core.dataset.store import open_store
from mammo_core.documents.metrics import read_metrics
from mammo_core.errors import MammoError
from mammo_core.figures.training import loss_sparkline
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import active_jobs, is_check, is_evaluation, is_lesson, is_sweep, is_training
from mammo_core.workspace import Workspace
from ui.literal import literal
from ui.live_chart import live_chart, to_drawing
from ui.quality import quality_address
from ui.session import current_workspace, errors_shown_here, state_badge


def show_checklist(steps: list[Step]) -> None:
    """Show the steps as links, and highlight the first that isn't done."""
    upcoming = next((step for step in steps if not step.done), None)
    for number, step in enumerate(steps, 1):
        with st.container(border=step is upcoming, key=f"step {number}"):
            icon = (
                "check_circle" if step.done else "arrow_circle_right" if step is upcoming else "radio_button_unchecked"
            )
            badge = " :blue-badge[next]" if step is upcoming else ""
            st.page_link(
                f"pages/{step.page}.py",
                label=f"**{literal(number)} · {literal(step.title)}**{badge} :small[{literal(step.state)}]",
                icon=f":material/{icon}:",
                width="stretch",
            )


def show_running() -> None:
    """Show the active jobs with links; a fragment calls this every two seconds."""
    workspace = current_workspace()
    for job in active_jobs(workspace):
        with st.container(border=True):
            status, curve = st.columns([3, 2], vertical_alignment="center")
            training = is_training(workspace, job)
            with status:
                show_job_link(workspace, job)
                st.progress(job.fraction(), text=literal(job.progress_text()))
            with curve, errors_shown_here():
                if training and len(records := read_metrics(job.path)) > 1:
                    live_chart(to_drawing(loss_sparkline(records)), f"sparkline {job.name}")


def show_job_link(workspace: Workspace, job: JobFolder) -> None:
    """Show a job's name and state as a link to the page that shows it."""
    page, parameters, name = "pages/data.py", None, job.name
    if is_training(workspace, job):
        page, parameters = "pages/train.py", {"run": job.name}
    elif is_sweep(workspace, job):
        page, parameters = "pages/train.py", {"section": "Sweeps", "sweep": job.name}
    elif is_lesson(workspace, job):
        page, parameters, name = "pages/train.py", {"store": job.name}, f"Lesson on {job.name}"
    elif is_evaluation(workspace, job):
        page, name = "pages/models.py", f"Evaluation on {job.name}"
    elif is_check(workspace, job):
        page, name = "pages/explore.py", f"Check of {job.name}"
        with suppress(MammoError):  # deleted meanwhile: the page itself says so
            parameters = quality_address(open_store(workspace, job.name))
    st.page_link(
        page,
        label=f"**{literal(name)}** {state_badge(job.state())}",
        icon=":material/arrow_forward:",
        query_params=parameters,
    )
