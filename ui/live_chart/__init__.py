"""Redraw a Plotly chart so that zoom and legend choices survive a refresh.

`st.plotly_chart` creates a new chart whenever its figure changes. This component keeps its identity by its key and passes
each figure to `Plotly.react`, which keeps what the user did as long as the figure's `uirevision` stays the same. Plotly's
script is the one in its Python package; a browser fetches it once.
"""

from pathlib import Path
from typing import NamedTuple

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

# Streamlit serves the folder of a declared component: so the browser can fetch plotly.min.js, and cache it
declare_component("plotly", Path(plotly.__file__).parent / "package_data")
SCRIPT = f"component/{__name__}.plotly/plotly.min.js"
_chart = st.components.v2.component(
    "live_chart",
    html='<div class="live-chart"></div>',
    js=Path(__file__).with_name("live_chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


class Drawing(NamedTuple):
    """A figure as the browser gets it.

    Attributes:
        figure: Plotly's JSON.
        height: in pixels.
    """

    figure: str
    height: int


def to_drawing(figure: go.Figure) -> Drawing:
    """Return a figure, which has a `uirevision` and a height, as a drawing."""
    return Drawing(figure.to_json(), int(figure.layout.height))


def live_chart(drawing: Drawing, key: str) -> None:
    """Draw a figure, or redraw the chart with this key.

    Args:
        drawing: the figure.
        key: identity of the chart; another key is another chart, with its own zoom.
    """
    _chart(key=key, data={"figure": drawing.figure, "script": SCRIPT}, height=drawing.height)
