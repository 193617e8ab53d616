"""Prepared stores on the data page: what is in them, how their import is doing, and what is in quarantine."""

import streamlit as st

from mammo_core.dataset.importer import quarantined_so_far
from mammo_core.dataset.store import Store, open_store, store_contents
from mammo_core.errors import MammoError
from mammo_core.jobs import FINAL, JobFolder, launch
from mammo_core.jobs.requests import import_again_request
from mammo_core.workspace import Workspace
from ui.session import state_badge

REFRESH_SECONDS = 1.0


def stop(job: JobFolder) -> None:
    """Stop a job; an error is shown as a toast."""
    try:
        job.stop()
    except MammoError as error:
        st.toast(str(error), icon=":material/error:", duration="long")


def offer_stop(job: JobFolder) -> None:
    """Let work be stopped; a second stop ends it at once."""
    label, icon = ("Stop at once", ":material/dangerous:") if job.stop_requested() else ("Stop", ":material/stop:")
    st.button(label, key=f"stop {job.path}", icon=icon, width="stretch", on_click=stop, args=(job,))


def follow(job: JobFolder) -> None:
    """Show how far work is; a fragment calls this every second while the work lives."""
    state = job.state()
    told = f"{state_badge(state)} {job.message()}"
    if state not in FINAL:
        left, right = st.columns([5, 2], vertical_alignment="center")
        left.markdown(told)
        with right:
            offer_stop(job)
        st.progress(job.fraction(), text=job.progress_text())
        st.session_state[f"followed {job.path}"] = True
        return
    st.markdown(told)
    if st.session_state.pop(f"followed {job.path}", False):
        st.rerun()  # the whole page once more, without polling


def show_work(job: JobFolder) -> None:
    """Show work as long as it lives, and how it ended."""
    if job.exists:
        alive = job.state() not in FINAL
        st.fragment(follow, run_every=REFRESH_SECONDS if alive else None)(job)


@st.cache_data(max_entries=64, show_spinner=False)
def contents_of(folder: str, ended: float) -> dict[str, int]:
    """Return what is in a store; `ended`, when its import last changed its state, makes it another one."""
    return store_contents(open_store(Workspace.from_environment(), folder))


def import_again(store: Store, retry: bool = False) -> None:
    """Go on with an import and show the page again; an error is shown in its place."""
    try:
        path, arguments = import_again_request(store, retry)
        launch(path, "import", arguments)
    except MammoError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.rerun()


def show_quarantine(store: Store, alive: bool) -> None:
    """Show what could not be prepared so far; a fragment calls this every second during an import."""
    quarantine = quarantined_so_far(store)
    if quarantine.empty:
        return
    with st.expander("Quarantine: images that could not be prepared", key=f"quarantine {store.name}"):
        st.caption(f"{len(quarantine):,} in all. Each is named with the reason, and harms no other.")
        columns = {"detail": st.column_config.Column(width=210)}
        st.dataframe(quarantine, hide_index=True, row_height=64, column_config=columns)  # so high, sentences wrap
        if not alive and st.button("Try them again", key=f"retry {store.name}", icon=":material/refresh:"):
            import_again(store, retry=True)


def show_store(store: Store) -> None:
    """Show a store with its import, and what could not be prepared."""
    job = JobFolder(store.folder)
    ended = job.written_state()["time"] if job.exists else 0.0
    alive = job.exists and job.state() not in FINAL
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(
            f"**{store.name}** · {store.preprocessing.size} × {store.preprocessing.size} pixels  \n:small[{store.folder}]"
        )
        interrupted = job.exists and not alive and job.state() != "finished"
        resume = interrupted and right.button(
            "Resume", key=f"resume {store.name}", icon=":material/play_arrow:", width="stretch"
        )
        if not alive:
            contents = contents_of(str(store.folder), ended)
            labels = ", ".join(f"{contents[name]:,} {name}" for name in contents if name != "bytes" and contents[name])
            st.markdown(f":small[{labels or 'no images yet'} · {contents['bytes'] / 1e6:,.1f} MB]")
        show_work(job)
        st.fragment(show_quarantine, run_every=REFRESH_SECONDS if alive else None)(store, alive)
        if resume:
            import_again(store)
