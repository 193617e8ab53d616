"""Reports → figures: ROC, precision and recall, calibration, scores by label, subgroups, heat on lesions."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from mammo_core.evaluation import at_threshold, curves
from mammo_core.figures.style import COLOURS, apply_style

HEIGHT = 360  # px
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def roc_figure(models: dict[str, pd.DataFrame], threshold: float | None = None) -> go.Figure:
    """Draw the ROC curve of each model, and the first one's operating point.

    Args:
        models: one row a unit, with label and probability, by the model's name.
        threshold: from which a unit is recalled.
    """
    figure = go.Figure()
    for (name, units), colour in zip(models.items(), SERIES * len(models), strict=False):
        points = curves.roc(units)
        figure.add_scatter(
            x=points["false_positive_rate"],
            y=points["sensitivity"],
            customdata=points["threshold"],
            name=name,
            mode="lines",
            line={"color": colour, "width": 2.5},
            hovertemplate="1 − specificity %{x:.3f}, sensitivity %{y:.3f}, threshold %{customdata:.3f}",
        )
        if threshold is not None:
            point = at_threshold(units, threshold)
            if point["specificity"] is not None and point["sensitivity"] is not None:
                _mark(figure, 1 - point["specificity"], point["sensitivity"])
            threshold = None
    _diagonal(figure, "chance")
    figure.update_xaxes(title="1 − specificity", range=[0, 1])
    figure.update_yaxes(title="sensitivity", range=[0, 1.02])
    return _finish(figure)


def precision_figure(models: dict[str, pd.DataFrame]) -> go.Figure:
    """Draw precision against recall for each model, and the prevalences that any answer reaches."""
    figure = go.Figure()
    for (name, units), colour in zip(models.items(), SERIES * len(models), strict=False):
        points = curves.precision_recall(units)
        figure.add_scatter(
            x=points["sensitivity"],
            y=points["ppv"],
            name=name,
            mode="lines",
            line={"color": colour, "width": 2.5},
            hovertemplate="sensitivity %{x:.3f}, PPV %{y:.3f}",
        )
    for prevalence in sorted({float(units["label"].mean()) for units in models.values()}):
        _level(figure, prevalence, "prevalence")
    figure.update_xaxes(title="sensitivity (recall)", range=[0, 1])
    figure.update_yaxes(title="positive predictive value (precision)", range=[0, 1.02])
    return _finish(figure)


def calibration_figure(units: pd.DataFrame) -> go.Figure:
    """Draw what was said against what was found, in bins with equally many units."""
    bins = curves.calibration(units)
    figure = go.Figure()
    figure.add_scatter(
        x=bins["said"],
        y=bins["found"],
        customdata=bins["n"],
        mode="lines+markers",
        name="this model",
        line={"color": SERIES[0], "width": 2.5},
        hovertemplate="said %{x:.3f}, found %{y:.3f}, n = %{customdata}",
    )
    _diagonal(figure, "perfect")
    figure.update_xaxes(title="mean probability said", rangemode="tozero")
    figure.update_yaxes(title="share of positives found", rangemode="tozero")
    return _finish(figure)


def score_figure(units: pd.DataFrame, threshold: float, unit: str = "breast") -> go.Figure:
    """Draw the probabilities of each label in shared bins, and the operating point."""
    bins = curves.histogram(units)
    figure = go.Figure()
    for label, rows in bins.groupby("label"):
        figure.add_bar(
            x=(rows["score_from"] + rows["score_to"]) / 2,
            y=rows["share"],
            customdata=rows["number"],
            name=str(label),
            marker_color=COLOURS[str(label)],
            hovertemplate="around %{x:.3f}: %{customdata:,} (%{y:.1%})",
        )
    figure.add_vline(
        threshold,
        line={"dash": "dash", "width": 1.5, "color": COLOURS["reference"]},
        annotation={"text": f"recall from {threshold:.2f}", "font": {"size": 12}},
        annotation_position="top right",
    )
    figure.update_layout(barmode="group")
    figure.update_xaxes(title="probability", range=[0, 1])
    figure.update_yaxes(title=f"share of the label's {unit}s", tickformat=".0%")
    return _finish(figure)


def subgroup_figure(subgroups: list[dict[str, Any]], overall: float) -> go.Figure:
    """Draw the AUC of each subgroup that has enough cases, with its interval, beside the overall one."""
    rows = [row for row in subgroups if row["auc"]]
    auc = pd.DataFrame([row["auc"] for row in rows], columns=["value", "low", "high"])
    names = [f"{row['attribute'].removesuffix('_id').replace('_', ' ')} {row['group']}" for row in rows]
    figure = go.Figure()
    figure.add_scatter(
        x=auc["value"],
        y=names,
        mode="markers",
        name="AUC, 95 % CI",
        marker={"color": SERIES[0], "size": 9},
        error_x={"array": auc["high"] - auc["value"], "arrayminus": auc["value"] - auc["low"], "color": SERIES[0]},
        customdata=[f"n = {row['n']:,}, {row['positives']:,} positive" for row in rows],
        hovertemplate="%{y}: AUC %{x:.3f}, %{customdata}",
    )
    figure.add_vline(overall, line={"dash": "dash", "width": 1.5, "color": COLOURS["reference"]})
    figure.update_xaxes(title="ROC AUC (dashed: all together)", range=[min(0.4, auc["low"].min()), 1])
    figure.update_yaxes(autorange="reversed")
    _finish(figure)
    return figure.update_layout(height=max(240, 90 + 26 * len(rows)), showlegend=False)


def _mark(figure: go.Figure, x: float, y: float) -> None:
    marker = {"color": COLOURS["positive"], "size": 12, "symbol": "circle-open", "line": {"width": 3}}
    figure.add_scatter(x=[x], y=[y], mode="markers", marker=marker, name="operating point", hoverinfo="skip")


def _diagonal(figure: go.Figure, name: str) -> None:
    line = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name=name, hoverinfo="skip")


def _level(figure: go.Figure, value: float, name: str) -> None:
    line = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}
    figure.add_scatter(
        x=[0, 1], y=[value, value], mode="lines", line=line, name=f"{name} {value:.3f}", hoverinfo="skip"
    )


def _finish(figure: go.Figure) -> go.Figure:
    apply_style(figure)
    return figure.update_layout(height=HEIGHT, legend={"orientation": "h", "y": -0.25}, hovermode="closest")
