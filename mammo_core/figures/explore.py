"""Statistics of a data set → figures."""

import pandas as pd
import plotly.graph_objects as go

from mammo_core.figures.style import COLOURS, apply_style


def class_bars(counts: pd.DataFrame) -> go.Figure:
    """Draw negatives and positives of each unit, from `explore.class_counts`."""
    figure = go.Figure()
    for label in ("negative", "positive"):
        figure.add_bar(
            y=counts["unit"],
            x=counts[label],
            name=label,
            orientation="h",
            marker_color=COLOURS[label],
            text=[f"{number:,}" for number in counts[label]],
            textposition="auto",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="number of units")
    figure.update_yaxes(autorange="reversed")
    return apply_style(figure)


def age_bars(histogram: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the age distribution of each label in shared bins, from `explore.age_histogram`."""
    figure = go.Figure()
    for label in ("negative", "positive"):
        rows = histogram[histogram["label"] == label]
        figure.add_bar(
            x=rows["age_from"] + 2.5,
            y=rows["share"],
            width=4.6,
            name=label,
            marker_color=COLOURS[label],
            opacity=0.6,
            customdata=rows[["age_from", "age_to", "number"]],
            hovertemplate="%{customdata[0]} to %{customdata[1]} years: %{customdata[2]:,} (%{y:.1%})",
        )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title="age, years", dtick=10)
    figure.update_yaxes(title=f"share of the label's {unit}s", tickformat=".0%")
    return apply_style(figure)


def rate_points(rates: pd.DataFrame, name: str) -> go.Figure:
    """Draw the share of positives by group with its 95 % interval, from `explore.rate_by`."""
    figure = go.Figure()
    figure.add_scatter(
        x=rates["rate"],
        y=[f"{value}  (n = {n:,})" for value, n in zip(rates["value"], rates["n"], strict=True)],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rates["high"] - rates["rate"],
            "arrayminus": rates["rate"] - rates["low"],
            "color": COLOURS["positive"],
        },
        mode="markers",
        marker={"color": COLOURS["positive"], "size": 9},
        hovertemplate="%{y}: %{x:.1%}",
    )
    figure.update_xaxes(title="share of positives, with 95 % interval", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(title=name, autorange="reversed", type="category")
    figure.update_layout(height=max(220, 60 + 34 * len(rates)))
    return apply_style(figure)


def count_bars(counts: dict[str, int], name: str) -> go.Figure:
    """Draw how many images have each value."""
    figure = go.Figure()
    figure.add_bar(
        x=list(counts.values()),
        y=list(counts),
        orientation="h",
        marker_color=COLOURS["neutral"],
        text=[f"{number:,}" for number in counts.values()],
        textposition="auto",
    )
    figure.update_xaxes(title="images")
    figure.update_yaxes(title=name, autorange="reversed", type="category")
    figure.update_layout(height=max(220, 60 + 34 * len(counts)))
    return apply_style(figure)
