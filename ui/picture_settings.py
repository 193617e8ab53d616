"""Let the user choose how the Exams page shows its images as pictures."""

import streamlit as st

from mammo_core.prediction.viewing import ViewSettings
from ui.prediction_view import show_legend


def choose_picture_settings(predicting: bool) -> ViewSettings:
    """Show the settings of pictures and return what was chosen.

    Args:
        predicting: whether the pictures have heatmaps, which are explained.
    """
    width = st.slider("Image width", 200, 700, 280, 20, key="width", bind="query-params")
    window = st.segmented_control(
        "Window", ["from file", "custom"], default="from file", required=True, key="window", bind="query-params"
    )
    percentiles = None
    if window == "custom":
        percentiles = st.slider(
            "Window, percentiles", 0.0, 100.0, (1.0, 99.7), 0.1, key="percentiles", bind="query-params"
        )
    inputs = st.toggle("Network input", key="inputs", bind="query-params", help="Beside each image")
    opacity = st.slider("Heatmap opacity", 0.0, 1.0, 0.6, 0.05) if predicting else 0.0
    if opacity:
        show_legend(opacity)
    return ViewSettings(percentiles, opacity=opacity, width=width, inputs=inputs)
