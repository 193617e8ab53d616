"""Explore a data set.

The tabs show classes by unit, ages, rates by group, label leakage and missing values.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.dataset.patients import list_left_out, with_left_out
from mammo_core.documents.units import UNITS
from mammo_core.explore.claims import check_claims
from mammo_core.explore.filters import FILTER_COLUMNS, Filters, age_limits, apply_filters, filter_options
from mammo_core.figures.panels import SECTIONS, completeness, headline
from ui.dataset_choice import choose_catalogue
from ui.literal import literal
from ui.panels import show_panels
from ui.session import current_workspace, errors_shown, open_page

VERDICTS = {
    True: ":green-badge[:material/check: confirmed]",
    False: ":orange-badge[:material/close: differs here]",
    None: ":gray-badge[not testable]",
}
UNIT_HELP = (
    "A breast is one side of a patient. A breast or patient is positive if any of its selected images is. Its BI-RADS is the "
    "most abnormal one; its other attributes are the first known ones."
)
AGE_HELP = "Narrowing the range also removes images without an age."
LABEL_HELP = "Label of the image, breast or patient, as chosen in “Count by”."
NO_MATCH = "No image matches these filters. Remove one, or clear all."


def choose_filters(container: DeltaGenerator) -> Filters:
    """Show the filters; each is kept in the URL."""
    chosen = {
        column: container.multiselect(
            FILTER_COLUMNS[column], values, key=column, placeholder="all", bind="query-params"
        )
        for column, values in filter_options(table).items()
    }
    ages, limits = None, age_limits(table)
    if limits:
        ages = container.slider("Age, years", *limits, limits, key="age", bind="query-params", help=AGE_HELP)
    label = None
    if catalogue.labelled:
        label = container.pills("Label", ["negative", "positive"], key="label", bind="query-params", help=LABEL_HELP)
    return Filters(chosen, None if ages == limits else ages, label)


def clear_filters() -> None:
    """Reset all filters; a button's callback."""
    st.session_state.update({column: [] for column in filter_options(table)} | {"label": None})
    if limits := age_limits(table):
        st.session_state["age"] = limits


top = st.container(horizontal=True, vertical_alignment="bottom")
with top:
    open_page("Explore")
catalogue = choose_catalogue()
with errors_shown():
    table = with_left_out(current_workspace(), catalogue)
unit = top.segmented_control(
    "Count by", UNITS, default="breast", required=True, key="unit", bind="query-params", help=UNIT_HELP
)
summary = st.sidebar.container()
selection = apply_filters(table, choose_filters(st.sidebar), unit)
summary.markdown(f"**Filters** · {len(selection.images):,} of {len(table):,} images")
if len(selection.images) < len(table):
    summary.button("Clear filters", on_click=clear_filters, icon=":material/filter_alt_off:", width="stretch")
if selection.images.empty:
    st.info(NO_MATCH, icon=":material/filter_alt_off:")
    st.stop()
if "left_out" in selection.images and selection.images["left_out"].notna().any():
    with st.expander("Images that belong to no breast and no patient", icon=":material/filter_center_focus:"):
        st.dataframe(list_left_out(selection.images), hide_index=True)

numbers = st.container(horizontal=True)
for name, number, note in headline(selection):
    numbers.metric(literal(name), literal(number), literal(note), delta_color="off", delta_arrow="off", border=True)

st.markdown("**Claims of the published notebook**, checked on this data set")
for column, claim in zip(st.columns(3), check_claims(table), strict=True):
    with column.container(border=True, height="stretch"):
        st.markdown(f"“{literal(claim.quote)}” {VERDICTS[claim.holds]}")
        st.caption(literal(claim.reading))

tabs = st.tabs([*SECTIONS, "Completeness"], key="tab", bind="query-params")
for tab, section in zip(tabs, [*SECTIONS.values(), None], strict=True):
    if tab.open:
        with tab:
            show_panels(section(selection) if section else completeness(selection, catalogue.root))
