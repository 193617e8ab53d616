"""Draw several training runs together: calibration."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from mammo_core.evaluation import curves
from mammo_core.figures.style import COLOURS, apply_style, literal, series_colour

HEIGHT = 400  # px


def calibrations_figure(runs: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draw observed shares of positives over predicted probabilities of each run.

    Bins hold equally many units.

    Args:
        runs: one row per unit, with label and probability, by the run's name.
    """
    figure = go.Figure()
    for index, (name, units) in enumerate(runs.items()):
        bins = curves.calibration(units)
        figure.add_scatter(
            x=bins["mean_predicted"],
            y=bins["observed_share"],
            customdata=bins["n"],
            mode="lines+markers",
            name=literal(name),
            line={"color": series_colour(index), "width": 2.5},
            hovertemplate="predicted %{x:.3f}, observed %{y:.3f}, n = %{customdata}",
        )
    line = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="perfect", hoverinfo="skip")
    figure.update_xaxes(title="Mean predicted probability", rangemode="tozero")
    figure.update_yaxes(title="Observed share of positives", rangemode="tozero")
    apply_style(figure)
    return figure.update_layout(
        title={"text": "Calibration", "x": 0, "font": {"size": 15}},
        margin={"t": 44},
        height=HEIGHT,
        legend={"orientation": "h", "y": -0.25},
        hovermode="closest",
    )
