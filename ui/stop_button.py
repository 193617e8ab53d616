"""Show the button that stops a job."""

import streamlit as st

from mammo_core.errors import MammoError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import stop_job
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.path_text import path_text
from ui.access.sign_in import request
from ui.literal import literal


def stop(job: JobFolder) -> None:
    """Stop a job; an error is shown as a toast."""
    try:
        with storage_errors():
            request("stop", job.name)
            stop_job(job)
    except MammoError as error:
        st.toast(literal(error), icon=":material/error:", duration="long")


def show_stop_button(job: JobFolder, explanation: str | None = None, label: str = "Stop") -> None:
    """Show the button that stops a job; a second stop ends it at once.

    Args:
        job: the job.
        explanation: what is kept, shown when the pointer rests on the button.
        label: of the button before the first click.
    """
    icon = ":material/stop:"
    if job.stop_requested():
        label, icon, explanation = "Stop now", ":material/dangerous:", "Loses the current step."
    st.button(
        literal(label),
        key=f"stop {path_text(job.path)}",
        icon=icon,
        width="stretch",
        help=literal(explanation) if explanation else None,
        on_click=stop,
        args=(job,),
    )
