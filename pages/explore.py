"""Who is in the data: classes by unit, ages, rates by group, what gives the label away, what is missing."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.explore import CHOICES, UNITS, Filters, age_limits, check_claims, look, options
from mammo_core.figures.panels import SECTIONS, completeness, headline
from ui.panels import show_panels
from ui.session import choose_catalogue, open_page

VERDICTS = {
    True: ":green-badge[:material/check: holds]",
    False: ":orange-badge[:material/close: not so here]",
    None: ":gray-badge[can't tell]",
}
UNIT_HELP = (
    "A breast is a patient and a laterality. A breast or patient is positive if any of its images shown is; its other "
    "attributes are the first known ones, its BI-RADS the most abnormal."
)
AGE_HELP = "When narrowed, images without an age go too."
LABEL_HELP = "Of the unit that is counted."
NOTHING = "The filters leave no image. Take one away, or clear them in the sidebar."


def choose_filters(place: DeltaGenerator) -> Filters:
    """Show the filters; each is kept in the URL."""
    values = {
        column: place.multiselect(CHOICES[column], found, key=column, placeholder="all", bind="query-params")
        for column, found in options(table).items()
    }
    ages, limits = None, age_limits(table)
    if limits:
        ages = place.slider("Age, years", *limits, limits, key="age", bind="query-params", help=AGE_HELP)
    label = None
    if catalogue.labelled:
        label = place.pills("Label", ["negative", "positive"], key="label", bind="query-params", help=LABEL_HELP)
    return Filters(values, None if ages == limits else ages, label)


def clear_filters() -> None:
    """Set every filter back; a button's callback."""
    st.session_state.update({column: [] for column in options(table)} | {"label": None})
    if limits := age_limits(table):
        st.session_state["age"] = limits


top = st.container(horizontal=True, vertical_alignment="bottom")
with top:
    open_page("Explore")
catalogue = choose_catalogue()
table = catalogue.table
unit = top.segmented_control(
    "What is counted", UNITS, default="breast", required=True, key="unit", bind="query-params", help=UNIT_HELP
)
left = st.sidebar.container()
view = look(table, choose_filters(st.sidebar), unit)
left.markdown(f"**Filters** · {len(view.images):,} of {len(table):,} images left")
if len(view.images) < len(table):
    left.button("Clear filters", on_click=clear_filters, icon=":material/filter_alt_off:", width="stretch")
if view.images.empty:
    st.info(NOTHING, icon=":material/filter_alt_off:")
    st.stop()

numbers = st.container(horizontal=True)
for name, number, note in headline(view):
    numbers.metric(name, number, note, delta_color="off", delta_arrow="off", border=True)

st.markdown("**What the original write-up says of its data**, checked against the whole of this data set")
for column, claim in zip(st.columns(3), check_claims(table), strict=True):
    with column.container(border=True, height="stretch"):
        st.markdown(f"“{claim.quote}” {VERDICTS[claim.holds]}")
        st.caption(claim.reading)

tabs = st.tabs([*SECTIONS, "Completeness"], key="tab", bind="query-params")
for tab, section in zip(tabs, [*SECTIONS.values(), None], strict=True):
    if tab.open:
        with tab:
            show_panels(section(view) if section else completeness(view, catalogue.root))
