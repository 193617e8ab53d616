"""Start, follow, stop and resume training runs."""

import streamlit as st

from mammo_core.dataset.store import list_stores
from mammo_core.jobs.runs import active_jobs
from mammo_core.jobs.training_runs import store_of_run, store_runs
from ui.run_list import show_all_runs
from ui.run_view import choose_run, show_other_runs, show_runs
from ui.session import current_workspace, errors_shown, open_page
from ui.split_lesson import show_lesson
from ui.sweep_view import choose_section, show_sweeps
from ui.training_plan import plan_run

open_page("Train")
workspace = current_workspace()
bar = st.container(horizontal=True, vertical_alignment="bottom")
section = choose_section(bar)
if section != "Train":
    (show_all_runs if section == "All runs" else show_sweeps)(workspace, bar)
    st.stop()
with errors_shown():
    stores = {store.name: store for store in list_stores(workspace)}
if not stores:
    st.info(
        "There is no imported data yet. Import a data set first; it takes seconds for the demo set.",
        icon=":material/database:",
    )
    st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
    st.stop()

if "store" not in st.query_params and (given := store_of_run(workspace, st.query_params.get("run"))) in stores:
    st.session_state["store"] = given  # a link to a run needn't name its store
store = bar.selectbox("Imported data", list(stores), key="store", bind="query-params", width=150)
with errors_shown():
    runs = store_runs(workspace, store, st.query_params.get("run"))
if st.session_state.pop("started", False):
    st.session_state["new run"] = False  # closed, so that the new run's curves are in view
show_other_runs(active_jobs(workspace), runs)
new_run = st.expander("New run", icon=":material/add:", expanded=not runs, key="new run", on_change="rerun")
if new_run.open:
    with new_run:
        plan_run(workspace, stores[store])
show_lesson(workspace, stores[store])
if runs:
    choose_run(runs, workspace, bar)
    show_runs(runs)
