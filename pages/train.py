"""Start, follow, stop and resume training runs. The page only reads what a run has written to its folder."""

from typing import Any

import streamlit as st

from mammo_core.dataset.store import Store, list_stores
from mammo_core.errors import DataError, MammoError, ModelError
from mammo_core.jobs.runs import any_active, list_runs
from mammo_core.jobs.training import start
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.plan import preset, preview
from mammo_core.models.registry import active_model, compatible_models
from mammo_core.workspace import Workspace
from ui.run_view import show_run
from ui.session import errors_shown, open_page
from ui.training_form import choose_settings

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
            st.session_state["run"] = start(Workspace.from_environment(), config).name
        st.session_state["started"] = True
        st.rerun()


def quick_start(store: Store, start_models: list[str]) -> TrainingConfig:
    """Return the one-click preset, from the active model where that fits and is sound."""
    try:
        active = active_model(Workspace.from_environment())
        return preset(store, active if active in start_models else None)
    except ModelError as error:
        st.warning(f"{error} Training begins from random weights.", icon=":material/warning:")
    except DataError:
        pass  # the store isn't finished, as the offer itself says
    return preset(store, None)


open_page("Train")
with errors_shown():
    stores = {store.name: store for store in list_stores(Workspace.from_environment())}
if not stores:
    st.info(
        "There is no prepared store yet. Import a data set first; it takes seconds for the demo set.",
        icon=":material/database:",
    )
    st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
    st.stop()

store = st.selectbox("Prepared store", list(stores), key="store", bind="query-params", width=360)
with errors_shown():
    start_models = compatible_models(Workspace.from_environment(), stores[store].preprocessing)
offer(quick_start(stores[store], start_models).parameters, "Train")
if st.session_state.pop("started", False):
    st.session_state["own settings"] = False  # the curves are what is to be seen now
with st.expander("All settings", key="own settings", on_change="rerun"):
    offer({"store": store, **choose_settings(start_models)}, "Start with these settings")

with errors_shown():
    runs = [row.run for row in list_runs(Workspace.from_environment()) if row.state != "shipped"]
if runs:
    pick, beside, live, scale, smooth = st.columns([6, 6, 2, 3, 4], vertical_alignment="bottom")
    name = pick.selectbox("Run", runs, key="run", bind="query-params")
    others = beside.multiselect("Beside it", [run for run in runs if run != name], key="others", bind="query-params")
    polled = live.toggle(
        "Live",
        True,
        help="The curves grow every second; a zoom and the legend's choices stay.",
    )
    logarithmic = scale.toggle("Log axis")
    smoothing = smooth.slider("Smoothing", 0.0, 0.98, 0.8)
    refresh = REFRESH_SECONDS if polled and any_active(Workspace.from_environment(), [name, *others]) else None
    st.fragment(show_run, run_every=refresh)(name, others, logarithmic, smoothing)
