"""Start, follow and stop training runs. The page only reads what a run has written to its folder."""

import streamlit as st

from mammo_core.dataset.store import list_stores
from mammo_core.figures.training import loss_curves, score_curves
from mammo_core.learning.config import TrainingConfig, quick_start
from mammo_core.learning.plan import preview
from mammo_core.models import active_model, compatible_models
from mammo_core.work import FINAL, WorkFolder
from mammo_core.work.runs import list_runs, read_metrics, run_folder
from mammo_core.work.training import start
from pages._session import errors_shown, state_badge
from pages._settings import settings_form

REFRESH_SECONDS = 1.0


def begin(config: TrainingConfig) -> None:
    with errors_shown():
        st.session_state["run"] = start(config).name
    st.rerun()


def show_run(name: str, logarithmic: bool, smoothing: float) -> None:
    """Show one run as its folder tells it; a fragment calls this every second while the run lives."""
    work = WorkFolder(run_folder(name))
    state = work.state()
    head, action = st.columns([5, 1], vertical_alignment="center")
    head.markdown(f"**{name}** {state_badge(state)} {work.message()}")
    if state not in FINAL and action.button(
        "Stop", icon=":material/stop:", width="stretch", disabled=state == "stopping"
    ):
        work.request_stop()
        st.rerun(scope="fragment")
    if state not in FINAL:
        st.progress(work.fraction(), text=work.progress_text())
    records = read_metrics(run_folder(name))
    if len(records) > 1:
        left, right = st.columns(2)
        left.plotly_chart(loss_curves(records, logarithmic=logarithmic, smoothing=smoothing), key=f"loss {name}")
        right.plotly_chart(score_curves(records), key=f"scores {name}")
    if state in FINAL and st.session_state.get("followed") == name:
        del st.session_state["followed"]
        st.rerun()  # the whole page once more, without polling
    if state not in FINAL:
        st.session_state["followed"] = name


st.title("Train")
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
    st.dataframe(preview(preset).parts, hide_index=True, width="content")
if st.button("Train", type="primary", icon=":material/play_arrow:", key="quick start"):
    begin(preset)
origin = f"continuing from the model **{preset.start_from}**" if preset.start_from else "from random weights"
st.caption(
    f"One click: {preset.network} network, {origin}, at most {preset.epochs} epochs; patients never stand on two sides."
)
with st.expander("All settings"):
    config = settings_form(store, start_models)
    if config:
        begin(config)

runs = [row["run"] for row in list_runs() if row["state"] != "shipped"]
if runs:
    st.divider()
    pick, scale, smooth = st.columns([3, 1, 2], vertical_alignment="bottom")
    name = pick.selectbox("Run", runs, key="run", bind="query-params")
    logarithmic = scale.toggle("Log axis")
    smoothing = smooth.slider("Smoothing of the steps", 0.0, 0.98, 0.8)
    alive = WorkFolder(run_folder(name)).state() not in FINAL
    st.fragment(show_run, run_every=REFRESH_SECONDS if alive else None)(name, logarithmic, smoothing)
