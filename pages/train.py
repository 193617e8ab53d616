"""Start, follow, stop and resume training runs. The page only reads what a run has written to its folder."""

from typing import Any

import streamlit as st

from mammo_core.dataset.store import list_stores
from mammo_core.errors import MammoError
from mammo_core.figures.training import COMPARED, compared_curves, loss_curves, score_curves
from mammo_core.learning.config import TrainingConfig, quick_start
from mammo_core.learning.plan import preview
from mammo_core.models import active_model, compatible_models
from mammo_core.work import FINAL, WorkFolder
from mammo_core.work.runs import list_runs, read_metrics, run_folder
from mammo_core.work.training import can_resume, resume, start
from pages._session import errors_shown, open_page, state_badge
from pages._settings import choose_settings

REFRESH_SECONDS = 1.0


def offer(document: dict[str, Any], label: str) -> None:
    """Say what a run would do, and offer to start it; what can't be is said here, before anything starts."""
    try:
        config = TrainingConfig.read(document)
        seen = preview(config)
    except MammoError as error:
        st.error(str(error), icon=":material/error:")
        return
    words, parts = st.columns(2, gap="large")
    words.markdown(seen.sentence)
    parts.dataframe(seen.parts, hide_index=True, width="content")
    if words.button(label, key=label, type="primary", icon=":material/play_arrow:"):
        with errors_shown():
            st.session_state["run"] = start(config).name
        st.session_state["started"] = True
        st.rerun()


def show_actions(work: WorkFolder, state: str) -> None:
    if state not in FINAL:
        label, icon = ("Stop at once", ":material/dangerous:") if work.stop_requested() else ("Stop", ":material/stop:")
        if st.button(label, icon=icon, width="stretch", key="stop", help="The best model so far is kept."):
            with errors_shown():
                work.stop()
            st.rerun(scope="fragment")
    elif can_resume(work) and st.button("Resume", icon=":material/resume:", width="stretch", key="resume"):
        with errors_shown():
            resume(work)
        st.rerun()


def show_run(name: str, others: list[str], logarithmic: bool, smoothing: float) -> None:
    """Show one run as its folder tells it; a fragment calls this every second while the run lives."""
    work = WorkFolder(run_folder(name))
    state = work.state()
    head, action = st.columns([5, 1], vertical_alignment="center")
    head.markdown(f"**{name}** {state_badge(state)} {work.message()}")
    with action:
        show_actions(work, state)
    if state not in FINAL:
        st.progress(work.fraction(), text=" · ".join(filter(None, (work.progress_text(), work.age_text()))))
    records = read_metrics(run_folder(name))
    left, right = st.columns(2)
    if len(records) > 1:
        left.plotly_chart(loss_curves(records, logarithmic=logarithmic, smoothing=smoothing), key=f"loss {name}")
        right.plotly_chart(score_curves(records), key=f"scores {name}")
    if others:
        runs = {name: records} | {other: read_metrics(run_folder(other)) for other in others}
        for column, value in zip((left, right), COMPARED, strict=True):
            column.plotly_chart(compared_curves(runs, value), key=f"{value} of {' '.join(runs)}")
    if state in FINAL and st.session_state.get("followed") == name:
        del st.session_state["followed"]
        st.rerun()  # the whole page once more, without polling
    if state not in FINAL:
        st.session_state["followed"] = name


open_page("Train")
stores = {store.name: store for store in list_stores()}
if not stores:
    st.info(
        "There is no prepared store yet. Import a data set first; it takes seconds for the demo set.",
        icon=":material/database:",
    )
    st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
    st.stop()

store = st.selectbox("Prepared store", list(stores), key="store", bind="query-params", width=360)
with errors_shown():
    start_models = compatible_models(stores[store].contract)
preset = quick_start(store, active_model() if active_model() in start_models else None)
offer(preset.parameters, "Train")
if st.session_state.pop("started", False):
    st.session_state["own settings"] = False  # the curves are what is to be seen now
with st.expander("All settings", key="own settings", on_change="rerun"):
    offer({"store": store, **choose_settings(start_models)}, "Start with these settings")

runs = [row["run"] for row in list_runs() if row["state"] != "shipped"]
if runs:
    pick, beside, live, scale, smooth = st.columns([6, 6, 2, 3, 4], vertical_alignment="bottom")
    name = pick.selectbox("Run", runs, key="run", bind="query-params")
    others = beside.multiselect("Beside it", [run for run in runs if run != name], key="others", bind="query-params")
    polled = live.toggle("Live", True, help="Off: the curves stand still, and a zoom stays.")
    logarithmic = scale.toggle("Log axis")
    smoothing = smooth.slider("Smoothing", 0.0, 0.98, 0.8)
    alive = WorkFolder(run_folder(name)).state() not in FINAL
    st.fragment(show_run, run_every=REFRESH_SECONDS if alive and polled else None)(name, others, logarithmic, smoothing)
