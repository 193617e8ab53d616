"""Show imported data on the Data page: contents, import, quarantine."""

import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.importer import describe_quarantine, quarantined_so_far
from mammo_core.dataset.store import Store, StoreContents, store_contents
from mammo_core.dataset.store_checks import describe_quality
from mammo_core.documents.job import FINAL
from mammo_core.documents.preprocessing_config import describe_size
from mammo_core.errors import MammoError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import describe_outcome, resume_import_job
from mammo_core.jobs.process import launch
from mammo_core.storage.path_text import path_text
from mammo_core.storage.spreadsheet import spreadsheet_csv
from ui.access.sign_in import request
from ui.literal import literal
from ui.quality import quality_address
from ui.removal_dialog import confirm_store_deletion
from ui.session import announce, current_workspace, errors_shown_here, show_error, state_badge
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
    if state != "finished":
        st.markdown(status)
    if st.session_state.pop(f"followed {job.name}", False):
        announce(f"{job.name}: {job.message()}")
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
        with st.spinner("Starting …"):
            request("import", store.name)
            launch(resume_import_job(workspace, store, retry=retry), workspace)
    except MammoError as error:
        return show_error(error)
    st.rerun()


def show_quarantine(store: Store, active: bool, catalogue: Catalogue | None) -> None:
    """Show the images that could not be prepared so far.

    A fragment calls this every second during an import.
    """
    try:
        quarantine = quarantined_so_far(store)
    except MammoError as error:
        return show_error(error)
    if quarantine.empty:
        return
    with st.expander(f"Quarantine ({len(quarantine):,})", key=f"quarantine {store.name}"):
        st.caption(literal(describe_quarantine(quarantine, synthetic=store.source().synthetic)))
        columns = {"detail": st.column_config.Column(width=330), "file": st.column_config.Column(width=330)}
        chosen = st.dataframe(
            quarantine,
            hide_index=True,
            row_height=64,  # high enough to wrap sentences
            column_config=columns,
            on_select="rerun",
            selection_mode="single-row",
            key=f"quarantined {store.name}",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if catalogue is not None:
                row = next(iter(chosen.selection.rows), 0)
                link_exam(store, catalogue, str(quarantine["image_id"].iloc[min(row, len(quarantine) - 1)]))
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


def link_exam(store: Store, catalogue: Catalogue, image: str) -> None:
    """Link to the exam of a patient who has an image."""
    patient = catalogue.patient_of(image)
    if patient is not None:
        st.page_link(
            "pages/exams.py",
            label="Open in Exams",
            icon=":material/grid_view:",
            query_params={"dataset": store.source().dataset, "patient": patient},
            help="The selected image, or the first",
        )


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


def show_store(store: Store, catalogue: Catalogue | None) -> None:
    """Show imported data with its contents, its import and its quarantine.

    Args:
        store: the imported data.
        catalogue: of the data set that it was made from; None if that isn't here.
    """
    job = JobFolder(store.folder)
    active = job.exists and job.state() not in FINAL
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        contents = None if active else contents_of(store, path_text(store.folder), job.changed_at())
        about = [f"{describe_size(store.preprocessing.size)} pixels", *([contents.describe()] if contents else [])]
        outcome = f"  \n:small[{literal(describe_outcome(job))}]" if job.exists and job.state() == "finished" else ""
        left.markdown(f":material/photo_library: **{literal(store.name)}** · {literal(' · '.join(about))}{outcome}")
        with right:
            resume = show_store_steps(store, job, active)
        if contents is not None:
            resume = show_unchecked(store, contents) or resume
            if contents.bytes:
                show_quality_line(store)
        show_job(job)
        refresh = REFRESH_SECONDS if active else None
        st.fragment(errors_shown_here()(show_quarantine), run_every=refresh)(store, active, catalogue)
        if resume:
            import_again(store)


def show_quality_line(store: Store) -> None:
    """Show whether imported data were checked, with a link to what is wrong with them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with errors_shown_here():
            st.caption(literal(describe_quality(store)), width="content")
        with errors_shown_here():
            st.page_link(
                "pages/explore.py", label="Quality", icon=":material/stethoscope:", query_params=quality_address(store)
            )


def show_store_steps(store: Store, job: JobFolder, active: bool) -> bool:
    """Show what can be done with imported data; return whether to resume its import."""
    if active:
        return False
    resume = False
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if job.exists and job.state() != "finished":
            resume = st.button("Resume", key=f"resume {store.name}", icon=":material/play_arrow:", type="primary")
        st.page_link("pages/train.py", label="Train", icon=":material/show_chart:", query_params={"store": store.name})
        if st.button("Delete", key=f"delete {store.name}", icon=":material/delete:", type="tertiary"):
            confirm_store_deletion(store)
    return resume
