"""The look of every figure: one template, one colour for each meaning."""

import textwrap
from html import escape
from typing import Any

import plotly.graph_objects as go

COLOURS = {  # Okabe and Ito's palette, distinct for colour-blind readers, on light and dark
    "negative": "#0072B2",
    "positive": "#D55E00",
    "difficult": "#56B4E9",
    "train": "#CC79A7",
    "validation": "#009E73",
    "neutral": "#5B7083",
    "unlabelled": "#A9B4BD",
    "reference": "#8A8F98",
}
# One colour per model or run, repeated if needed: none of them has a meaning above, all are readable on white and on black.
SERIES = ("#7A68C7", "#B8860B", "#1596AD", "#C2528B", "#6B8E23", "#A0664F")
GRID = "rgba(128,128,128,0.18)"
# Colour scale of shares and associations, 0 to 1. Opaque, since Plotly chooses black or white for a cell's text by its colour.
SHARES = [[0, "#E3E8EC"], [1, "#4A6076"]]
HEIGHT = 300  # px of a figure in a grid
TITLE_HEIGHT, LINE_HEIGHT = 60, 16  # px above the figure of a picture
SUBTITLE_CHARACTERS = 100  # in a line

LOOK = {  # set on each figure as well, since Streamlit replaces the template with its own
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 60, "r": 20, "t": 30, "b": 50},
    "bargap": 0.15,
    "legend": {"orientation": "h", "y": 1.12, "x": 0},
    "hoverlabel": {"namelength": -1},
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#7C8C99", "activecolor": "#1596AD"},  # else a slab over the data
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


def series_colour(index: int) -> str:
    """Return the colour of a model or run by its position."""
    return SERIES[index % len(SERIES)]


def titled(figure: go.Figure, title: str, subtitle: str) -> dict[str, Any]:
    """Return a figure as a picture that stands alone, titled and on white.

    Args:
        figure: isn't changed.
        title: made literal.
        subtitle: wrapped into as many lines as it needs, and made literal.

    Returns:
        Data and layout, as Plotly takes them: building another `Figure` takes ten times as long.
    """
    picture: dict[str, Any] = figure.to_plotly_json()
    lines = [literal(line) for line in textwrap.wrap(subtitle, SUBTITLE_CHARACTERS)]
    above = TITLE_HEIGHT + LINE_HEIGHT * len(lines)
    layout = picture["layout"]
    layout["title"] = {
        "text": f"<b>{literal(title)}</b>",
        "font": {"size": 16},
        "subtitle": {"text": "<br>".join(lines), "font": {"size": 12, "color": "#5C6670"}},
        **{"x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top"},
        "pad": {"t": 12, "l": 12},
    }
    margin = layout.get("margin", {})
    layout["margin"] = {**margin, "t": above + margin.get("t", 0), "l": 20 + margin.get("l", 0)}
    return picture | {
        "layout": layout
        | {"height": layout.get("height", HEIGHT) + above, "paper_bgcolor": "white", "plot_bgcolor": "white"}
    }


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
