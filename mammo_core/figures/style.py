"""The look of every figure: one template, one colour for each meaning."""

from html import escape
from typing import Any

import plotly.graph_objects as go

COLOURS = {  # Okabe and Ito's palette, distinct for colour-blind readers, on light and dark
    "negative": "#0072B2",
    "positive": "#D55E00",
    "difficult": "#56B4E9",
    "train": "#0072B2",
    "validation": "#D55E00",
    "neutral": "#5B7083",
    "unlabelled": "#A9B4BD",
    "reference": "#8A8F98",
}
GRID = "rgba(128,128,128,0.18)"
SHARES = [[0, "rgba(91,112,131,0.06)"], [1, "#5B7083"]]  # colour scale of shares and associations, 0 to 1
HEIGHT = 300  # px of a figure in a grid

LOOK = {  # set on each figure as well, since Streamlit replaces the template with its own
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 60, "r": 20, "t": 30, "b": 50},
    "bargap": 0.15,
    "legend": {"orientation": "h", "y": 1.12, "x": 0},
    "hoverlabel": {"namelength": -1},
}
AXIS = {"automargin": True, "gridcolor": GRID}

TEMPLATE = go.layout.Template(
    layout={
        **LOOK,
        "font": {"size": 13, "family": "Source Sans, Source Sans Pro, Segoe UI, sans-serif"},
        "colorway": [COLOURS[name] for name in ("negative", "positive", "difficult", "neutral")],
        "xaxis": {**AXIS, "zeroline": False},
        "yaxis": {**AXIS, "zeroline": False},
    }
)


def literal(text: object) -> str:
    """Return text that Plotly shows as it is.

    Plotly interprets tags and entities of HTML. Values of a data set, names of its columns and names of models go through this
    before they become names of lines, categories or texts.
    """
    return escape(str(text), quote=False)


def apply_style(figure: go.Figure, **layout: Any) -> go.Figure:
    """Give a figure the common look, and return it.

    Args:
        figure: is changed.
        **layout: settings of the layout that differ from the common ones.
    """
    figure.update_layout(template=TEMPLATE, **{"font": {"size": 13}, **LOOK, **layout})
    figure.update_xaxes(**AXIS)
    figure.update_yaxes(**AXIS)
    return figure
