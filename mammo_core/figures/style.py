"""The look of every figure: one template, one colour for each meaning."""

import plotly.graph_objects as go

COLOURS = {  # Okabe and Ito's palette: told apart by colour-blind readers, on light and dark
    "negative": "#0072B2",
    "positive": "#D55E00",
    "train": "#0072B2",
    "validation": "#D55E00",
    "neutral": "#5B7083",
    "reference": "#8A8F98",
}


def apply_style(figure: go.Figure) -> go.Figure:
    """Give a figure the common look; returns the same figure."""
    figure.update_layout(
        template="plotly_white",
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
        font={"size": 13},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.15,
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hoverlabel={"namelength": -1},
    )
    figure.update_xaxes(automargin=True, gridcolor="rgba(128,128,128,0.2)")
    figure.update_yaxes(automargin=True, gridcolor="rgba(128,128,128,0.2)")
    return figure
