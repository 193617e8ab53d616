"""Show one image of an exam in full resolution."""

from dataclasses import replace

import streamlit as st

from mammo_core.figures.viewer import zoom_figure
from mammo_core.prediction.decode import read_picture
from mammo_core.prediction.rendering import ALL_LEVELS, draw_image
from mammo_core.prediction.viewing import HungImage, ViewSettings
from ui.resources import sandbox
from ui.session import errors_shown


@st.dialog("Full resolution", width="large")
def zoom(image: HungImage, settings: ViewSettings) -> None:
    """Show an image in full resolution, with its heatmap and lesions.

    The window can be changed.
    """
    percentiles = None
    if st.toggle("Custom window", value=settings.percentiles is not None, key="own window"):
        initial = settings.percentiles or (1.0, 99.7)
        percentiles = st.slider("Window, percentiles", 0.0, 100.0, initial, 0.1)
    with errors_shown(), st.spinner("Decoding in full resolution …"):
        picture = sandbox().run(read_picture, image.source, percentiles)
    st.caption(
        f"{picture.shape[1]:d} × {picture.shape[0]:d} pixels. Scroll to zoom, drag to move, double-click to reset."
    )
    if image.prediction and settings.opacity:
        st.caption("Heatmap: contribution of each region to the probability.")
    plain = replace(settings, grey_levels=ALL_LEVELS)
    drawn = draw_image(image.content, image.laterality, plain, lesions=image.lesions, picture=picture)
    st.plotly_chart(zoom_figure(drawn), key="zoom", config={"scrollZoom": True})
