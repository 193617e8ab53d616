"""Show prepared stores on the data page: contents, import, quarantine."""

import streamlit as st

from mammo_core.dataset.importer import describe_quarantine, quarantined_so_far
from mammo_core.dataset.store import Store, StoreContents, store_contents
from mammo_core.documents.job import FINAL
from mammo_core.documents.preprocessing_config import describe_size
from mammo_core.errors import MammoError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import resume_import_job
from mammo_core.jobs.process import launch
from mammo_core.storage.path_text import path_text
from mammo_core.storage.spreadsheet import spreadsheet_csv
from ui.literal import literal
from ui.session import current_workspace, errors_shown_here, show_error, state_badge
from ui.stop_button import show_stop_button

REFRESH_SECONDS = 1.0


def follow(job: JobFolder) -> None:
    """Show the state and progress of a job.

    A fragment calls this every second while the job is active.
    """
    state = job.state()
    status = f"{state_badge(state)} {literal(job.message())}"
    if state not in FINAL:
        left, right = st.columns([5, 2], vertical_alignment="center")
        left.markdown(status)
        with right:
            show_stop_button(job)
        st.progress(job.fraction(), text=literal(job.progress_text()))
        st.session_state[f"followed {job.name}"] = True
        return
    st.markdown(status)
    if st.session_state.pop(f"followed {job.name}", False):
        st.rerun()  # the complete page once more, without polling


def show_job(job: JobFolder) -> None:
    """Show a job: its progress while it is active, then how it ended."""
    if job.exists:
        active = job.state() not in FINAL
        st.fragment(errors_shown_here()(follow), run_every=REFRESH_SECONDS if active else None)(job)


@st.cache_data(max_entries=64, show_spinner=False)
def contents_of(_store: Store, folder: str, changed_at: float) -> StoreContents:
    """Return the contents of a store, see `store_contents`.

    Args:
        _store: the store.
        folder: of the store; part of the cache's key.
        changed_at: when its import last changed its state; part of the cache's key.
    """
    return store_contents(_store)


def import_again(store: Store, *, retry: bool = False) -> None:
    """Resume an import and show the page again; an error is shown here."""
    workspace = current_workspace()
    try:
        launch(resume_import_job(workspace, store, retry=retry), workspace)
    except MammoError as error:
        return show_error(error)
    st.rerun()


def show_quarantine(store: Store, active: bool) -> None:
    """Show the images that could not be prepared so far.

    A fragment calls this every second during an import.
    """
    try:
        quarantine = quarantined_so_far(store)
    except MammoError as error:
        return show_error(error)
    if quarantine.empty:
        return
    with st.expander("Quarantine: images that are not in this store", key=f"quarantine {store.name}"):
        st.caption(literal(describe_quarantine(quarantine)))
        columns = {"detail": st.column_config.Column(width=210)}
        st.dataframe(quarantine, hide_index=True, row_height=64, column_config=columns)  # high enough to wrap sentences
        st.download_button(
            "Download, CSV",
            spreadsheet_csv(quarantine),
            "quarantine.csv",
            "text/csv",
            key=f"quarantine csv {store.name}",
            icon=":material/download:",
            on_click="ignore",
        )
        if not active and st.button("Retry", key=f"retry {store.name}", icon=":material/refresh:"):
            import_again(store, retry=True)


def show_unchecked(store: Store, contents: StoreContents) -> bool:
    """Say that an earlier version made a store; return whether to import it again."""
    if not contents.unchecked:
        return False
    st.warning(
        "An earlier version imported these images and didn't look for magnified, spot and other special views, which training "
        "and evaluation should leave out. Import the data set again: it reads the headers only, and keeps all other images.",
        icon=":material/history:",
    )
    return st.button("Import again", key=f"check {store.name}", icon=":material/refresh:")


def show_store(store: Store) -> None:
    """Show a store with its contents, its import and its quarantine."""
    job = JobFolder(store.folder)
    active = job.exists and job.state() not in FINAL
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(
            f"**{literal(store.name)}** · {literal(describe_size(store.preprocessing.size))} pixels  \n"
            f":small[{literal(path_text(store.folder))}]"
        )
        interrupted = job.exists and not active and job.state() != "finished"
        resume = interrupted and right.button(
            "Resume", key=f"resume {store.name}", icon=":material/play_arrow:", width="stretch"
        )
        if not active:
            contents = contents_of(store, path_text(store.folder), job.changed_at())
            st.markdown(f":small[{literal(contents.describe())}]")
            resume = show_unchecked(store, contents) or resume
        show_job(job)
        st.fragment(errors_shown_here()(show_quarantine), run_every=REFRESH_SECONDS if active else None)(store, active)
        if resume:
            import_again(store)
