"""Explore a data set.

The tabs show classes by unit, ages, rates by group, label leakage, missing values, the images themselves, and what is
wrong with them, and a map of those that look alike.
"""

from functools import partial

import streamlit as st

from mammo_core.dataset.patients import list_left_out
from mammo_core.documents.units import UNITS
from mammo_core.figures.panels import SECTIONS
from ui.claims import show_claims
from ui.dataset_choice import choose_catalogue
from ui.exploration import (
    COMPLETENESS,
    claims_of,
    headline_of,
    identify,
    panels_of,
    prepared_of,
    select,
    source_of,
    table_of,
)
from ui.filters import NO_MATCH, choose_filters, filter_further, filter_parameters, offer_clearing
from ui.image_grid import show_images
from ui.image_map import MAP, show_map
from ui.literal import literal
from ui.panels import show_panels
from ui.quality import QUALITY, show_quality
from ui.session import errors_shown, open_page

IMAGES, CLAIMS = "Images", "Published claims"
UNIT_HELP = (
    "A breast is one side of a patient. A breast or patient is positive if any of its selected images is. Its BI-RADS is the "
    "most abnormal one; its other attributes are the first known ones."
)

top = st.container(horizontal=True, vertical_alignment="bottom")
with top:
    open_page("Explore")
catalogue = choose_catalogue()
dataset = st.session_state["dataset"]
with errors_shown():
    identity = identify(catalogue)
    table = table_of(catalogue, identity)
unit = top.segmented_control(
    "Count by", UNITS, default="breast", required=True, key="unit", bind="query-params", help=UNIT_HELP
)
filters = choose_filters(table, identity)
key = identity, filters, unit
selection = select(table, key)
if filters.active:
    st.caption(f"{len(selection.images):,} of {len(table):,} images")
if selection.images.empty:
    st.info(NO_MATCH, icon=":material/filter_alt_off:")
    offer_clearing(table, "clear all filters")
    st.stop()
if "left_out" in selection.images and selection.images["left_out"].notna().any():
    with st.expander("Images that belong to no breast and no patient", icon=":material/filter_center_focus:"):
        st.dataframe(list_left_out(selection.images), hide_index=True)
with st.container(horizontal=True):
    for name, number, note in headline_of(selection, key):
        st.metric(literal(name), literal(number), literal(note), delta_color="off", delta_arrow="off", border=True)

names = [*SECTIONS, COMPLETENESS, IMAGES, MAP, QUALITY, *([CLAIMS] if catalogue.rsna else [])]
source = source_of(dataset, filters)
for tab, name in zip(st.tabs(names, key="tab", bind="query-params"), names, strict=True):
    if not tab.open:
        continue
    with tab, errors_shown():
        if name in (IMAGES, MAP):
            prepared, parameters = (
                prepared_of(catalogue, identity),
                {**filter_parameters(filters, unit), "dataset": dataset},
            )
            if name == IMAGES:
                show_images(selection.images, prepared, parameters)
            else:
                show_map(catalogue, selection.images, prepared, parameters)
        elif name == QUALITY:
            show_quality(catalogue, dataset, identity)
        elif name == CLAIMS:
            show_claims(claims_of(table, identity))
        else:
            panels = panels_of(selection, name, catalogue.root, key, source)
            show_panels(panels, 3 if name == "Groups" else 2, partial(filter_further, table))
