"""Prepared stores on the data page: what is in them, how their import is doing, and what is in quarantine."""

import streamlit as st

from mammo_core.dataset.store import Store, open_store, store_contents
from mammo_core.work import FINAL, WorkFolder, launch
from mammo_core.work.requests import import_request
from pages._session import errors_shown, state_badge

REFRESH_SECONDS = 1.0


def follow(work: WorkFolder) -> None:
    """Show how far work is; a fragment calls this every second while the work lives."""
    state = work.state()
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.markdown(f"{state_badge(state)} {work.message()}")
    if state not in FINAL:
        left.progress(work.fraction(), text=work.progress_text())
        if right.button(
            "Stop",
            key=f"stop {work.path}",
            icon=":material/stop:",
            disabled=state == "stopping",
            width="stretch",
        ):
            work.request_stop()
        st.session_state[f"followed {work.path}"] = True
    elif st.session_state.pop(f"followed {work.path}", False):
        st.rerun()  # the whole page once more, without polling


def show_work(work: WorkFolder) -> None:
    """Show work as long as it lives, and how it ended."""
    if work.exists:
        alive = work.state() not in FINAL
        st.fragment(follow, run_every=REFRESH_SECONDS if alive else None)(work)


@st.cache_data(max_entries=64, show_spinner=False)
def contents_of(folder: str, ended: float) -> dict[str, int]:
    """Return what is in a store; `ended`, when its import last changed its state, makes it another one."""
    return store_contents(open_store(folder))


def start_import(source: str, name: str | None = None, size: int = 256, retry: bool = False) -> None:
    """Start an import, or go on with one, and show the page again."""
    with errors_shown():
        path, arguments = import_request(source, name, size)
        launch(path, "import", {**arguments, "retry": retry})
    st.rerun()


def show_store(store: Store) -> None:
    """Show a store with its import, and what could not be prepared."""
    work = WorkFolder(store.folder)
    ended = work.written_state()["time"] if work.exists else 0.0
    contents = contents_of(str(store.folder), ended)
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(
            f"**{store.name}** · {store.contract.size} × {store.contract.size} pixels  \n:small[{store.folder}]"
        )
        alive = work.exists and work.state() not in FINAL
        interrupted = work.exists and not alive and work.state() != "finished"
        if interrupted and right.button(
            "Resume", key=f"resume {store.name}", icon=":material/play_arrow:", width="stretch"
        ):
            start_import(str(store.csv), store.name, store.contract.size)
        if not alive:
            labels = ", ".join(f"{contents[name]:,} {name}" for name in contents if name != "bytes" and contents[name])
            st.markdown(f":small[{labels or 'no images yet'} · {contents['bytes'] / 1e6:,.1f} MB]")
        show_work(work)
        quarantine = store.quarantine()
        if len(quarantine):
            with st.expander(f"Quarantine: {len(quarantine):,} images could not be prepared"):
                st.dataframe(quarantine, hide_index=True)
                if st.button("Try them again", key=f"retry {store.name}", icon=":material/refresh:", disabled=alive):
                    start_import(str(store.csv), store.name, store.contract.size, retry=True)
