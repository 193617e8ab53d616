"""One image of an exam in all its pixels."""

import streamlit as st

from mammo_core.dicom import Source
from mammo_core.figures.viewer import zoom_figure
from mammo_core.prediction.decode import read_picture
from mammo_core.prediction.rendering import whole_picture
from mammo_core.prediction.results import Prediction
from mammo_core.prediction.viewing import ViewSettings
from ui.resources import sandbox
from ui.session import errors_shown


@st.dialog("Full resolution", width="large")
def zoom(image: Prediction, look: ViewSettings, source: Source) -> None:
    """Show one image in all its pixels, with its heat and a window of its own."""
    levels = None
    if st.toggle("Window of my own", key="own window"):
        levels = st.slider("Black and white, percentiles of the image's values", 0.0, 100.0, (1.0, 99.7), 0.1)
    with errors_shown(), st.spinner("Decoding all pixels …"):
        picture = sandbox().run(read_picture, source, levels)
    st.caption(
        f"{picture.shape[1]} × {picture.shape[0]} pixels. Scroll to zoom, drag to move, double-click to reset. "
        f"{'Heat: what each place adds to the answer.' if look.opacity else ''}"
    )
    st.plotly_chart(zoom_figure(whole_picture(image, picture, look.opacity)), key="zoom", config={"scrollZoom": True})
