"""Start, follow, stop and resume training runs."""

import streamlit as st

from mammo_core.dataset.store import list_stores
from mammo_core.errors import MammoError
from mammo_core.jobs.runs import run_names
from mammo_core.models.registry import compatible_models
from ui.run_view import choose_run
from ui.session import current_workspace, errors_shown, open_page, show_error
from ui.training_form import choose_settings
from ui.training_plan import plan_preset, plan_settings, show_plan

open_page("Train")
workspace = current_workspace()
with errors_shown():
    stores = {store.name: store for store in list_stores(workspace)}
if not stores:
    st.info(
        "There is no prepared store yet. Import a data set first; it takes seconds for the demo set.",
        icon=":material/database:",
    )
    st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
    st.stop()

store = st.selectbox("Prepared store", list(stores), key="store", bind="query-params", width=360)
with errors_shown():
    start_models = compatible_models(workspace, stores[store].preprocessing)
try:
    show_plan(workspace, plan_preset(workspace, store, start_models), "Train")
except MammoError as error:
    show_error(error)
if st.session_state.pop("started", False):
    st.session_state["own settings"] = False  # closed, so that the new run's curves are in view
settings = st.expander("All settings", key="own settings", on_change="rerun")
with settings:
    try:
        # Also while the expander is closed: widgets that aren't drawn lose their values.
        config = choose_settings(store, start_models)
        if settings.open:
            show_plan(workspace, plan_settings(workspace, config), "Start with these settings")
    except MammoError as error:
        show_error(error)

with errors_shown():
    runs = run_names(workspace)
if runs:
    choose_run(runs, workspace)
