"""The Models page: compare models, read reports, activate one; outside scores."""

import streamlit as st

from mammo_core.assessment.model_table import model_table
from mammo_core.jobs.runs import list_runs
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import (
    active_model,
    model_folder,
    unfinished_models,
)
from ui.error_browser import show_errors
from ui.literal import literal
from ui.model_actions import offer_undo, show_actions
from ui.model_choice import choose_in_table
from ui.model_comparison import show_comparison
from ui.operating_point import show_operating_point
from ui.other_data import show_other_data
from ui.outside_scores import show_outside_scores
from ui.report_view import show_card, show_report, show_training
from ui.resources import show_limit
from ui.session import current_workspace, errors_shown, errors_shown_here, open_page
from ui.subgroup_view import show_subgroups

open_page("Models")
part = st.segmented_control(
    "Part",
    ["Own models", "Outside scores"],
    default="Own models",
    required=True,
    key="part",
    bind="query-params",
    label_visibility="collapsed",
)
if part == "Outside scores":
    show_outside_scores()
    st.stop()
workspace = current_workspace()
active = ""
with errors_shown_here():
    active = active_model(workspace)
with errors_shown():
    table = model_table(workspace, list_runs(workspace))
if table.empty:
    st.info("There is no model yet. Train one first.", icon=":material/model_training:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/arrow_forward:")
    st.stop()
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption("Select one model to see its report, or several to compare.", width="content")
    st.page_link("pages/train.py", label="All runs", icon=":material/list:", query_params={"section": "All runs"})
names = choose_in_table(table, active)
offer_undo()
if unfinished := unfinished_models(workspace, names):
    st.info(
        f"{literal(', '.join(unfinished))}: no finished model yet. See the Train page for its curves.",
        icon=":material/hourglass:",
    )
    st.stop()
with errors_shown():
    bundles = [open_bundle(model_folder(workspace, name)) for name in names]
if len(bundles) > 1:
    show_comparison(bundles)
    st.stop()

bundle = bundles[0]
st.subheader(f"{literal(bundle.name)} :green-badge[active]" if bundle.name == active else literal(bundle.name))
show_limit(bundle)
show_actions(bundle)
views = {
    "Report": show_report,
    "Operating point": show_operating_point,
    "Subgroups": show_subgroups,
    "Other data": show_other_data,
    "Errors": show_errors,
    "Training": show_training,
    "Card": show_card,
}
for tab, show in zip(st.tabs(list(views), key="view", bind="query-params"), views.values(), strict=True):
    if tab.open:
        with tab, errors_shown():
            show(bundle)
