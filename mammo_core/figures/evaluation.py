"""Reports → figures: ROC, precision-recall, calibration, scores, subgroups."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.column_words import name_group
from mammo_core.documents.report import Subgroup
from mammo_core.documents.units import Unit
from mammo_core.evaluation import curves
from mammo_core.evaluation.operating import at_threshold
from mammo_core.figures.style import COLOURS, apply_style, literal, series_colour

HEIGHT = 400  # px
WIDTH = 2.5  # px, of a curve
REFERENCE = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}  # line of chance, prevalence, threshold


def roc_figure(
    models: Mapping[str, pd.DataFrame], threshold: float | None = None, band: pd.DataFrame | None = None
) -> go.Figure:
    """Draw the ROC curve of each model, and the operating point of the first one.

    Args:
        models: one row per unit, with label and probability, by the model's name.
        threshold: a unit of the first model is recalled from this probability; None draws no operating point.
        band: 95 % interval of the first model's curve, see `curves.roc_band`; None draws none.
    """
    figure = go.Figure()
    if band is not None:
        _add_band(figure, band)
    for index, (name, units) in enumerate(models.items()):
        points = curves.roc(units)
        figure.add_scatter(
            x=points["false_positive_rate"],
            y=points["sensitivity"],
            customdata=points["threshold"],
            name=literal(name),
            mode="lines",
            line=_curve(index),
            hovertemplate="1 − specificity %{x:.3f}, sensitivity %{y:.3f}, threshold %{customdata:.3f}",
        )
        if index == 0 and threshold is not None:
            _mark_operating_point(figure, units, threshold)
    _diagonal(figure, "chance")
    figure.update_xaxes(title="1 − specificity", range=[0, 1.02], constrain="domain")
    figure.update_yaxes(title="sensitivity", range=[0, 1.02], scaleanchor="x", constrain="domain")  # square
    return _apply_layout(figure, "ROC curve")


def precision_figure(models: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draw the precision-recall curve of each model, and the prevalence.

    A constant prediction reaches the prevalence.

    Args:
        models: one row per unit, with label and probability, by the model's name.
    """
    figure = go.Figure()
    for index, (name, units) in enumerate(models.items()):
        points = curves.precision_recall(units)
        figure.add_scatter(
            x=points["sensitivity"],
            y=points["ppv"],
            name=literal(name),
            mode="lines",
            line=_curve(index),
            hovertemplate="sensitivity %{x:.3f}, PPV %{y:.3f}",
        )
    for prevalence in sorted({float(units["label"].mean()) for units in models.values()}):
        _horizontal(figure, prevalence, f"prevalence {prevalence:.3f}")
    figure.update_xaxes(title="sensitivity", range=[0, 1.02])
    figure.update_yaxes(title="positive predictive value (precision)", range=[0, 1.02])
    return _apply_layout(figure, "Precision and recall")


def calibration_figure(models: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draw observed shares of positives over each model's predicted probabilities.

    Bins hold equally many units.

    Args:
        models: one row per unit, with label and probability, by the name of the model or run.
    """
    figure = go.Figure()
    for index, (name, units) in enumerate(models.items()):
        bins = curves.calibration(units)
        figure.add_scatter(
            x=bins["mean_predicted"],
            y=bins["observed_share"],
            customdata=bins["n"],
            mode="lines+markers",
            name=literal(name),
            line=_curve(index),
            hovertemplate="predicted %{x:.3f}, observed %{y:.3f}, n = %{customdata}",
        )
    _diagonal(figure, "perfect")
    figure.update_xaxes(title="Mean predicted probability", rangemode="tozero")
    figure.update_yaxes(title="Observed share of positives", rangemode="tozero")
    return _apply_layout(figure, "Calibration")


def score_figure(
    units: pd.DataFrame, threshold: float, unit: Unit = "breast", present: float | None = None
) -> go.Figure:
    """Draw the distribution of each label's probabilities, and the threshold.

    Args:
        units: one row per unit, with label and probability.
        threshold: a unit whose probability reaches it is recalled.
        unit: what is counted.
        present: the model's threshold, drawn beside another one.
    """
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
        line=REFERENCE,
        annotation={"text": f"Recall threshold {threshold:.2f}", "font": {"size": 12}},
        annotation_position="top right",
    )
    if present is not None and present != threshold:
        figure.add_vline(
            present,
            line={**REFERENCE, "dash": "dot"},
            annotation={"text": f"now {present:.2f}", "font": {"size": 12}},
            annotation_position="bottom right",
        )
    figure.update_layout(barmode="group")
    low, high = bins["score_from"].min(), bins["score_to"].max()  # 0 and 1, unless the scores are no probabilities
    scores = "probability" if (low, high) == (0, 1) else "score"
    figure.update_xaxes(title=scores, range=[low, high])
    figure.update_yaxes(title=f"share of {unit}s with that label", tickformat=".0%")
    return _apply_layout(figure, f"{'Probabilities' if scores == 'probability' else 'Scores'} of {unit}s, by label")


def subgroup_figure(subgroups: Sequence[Subgroup], overall: float | None) -> go.Figure:
    """Draw the AUC of each subgroup that has enough units, with its interval.

    Args:
        subgroups: those without an AUC are left out.
        overall: the AUC of all units, drawn as a line; None draws none.
    """
    rows = [(row, row.auc) for row in subgroups if row.auc is not None]
    auc = pd.DataFrame([(auc.value, auc.low, auc.high) for _, auc in rows], columns=["value", "low", "high"]).astype(
        float
    )
    figure = go.Figure()
    figure.add_scatter(
        x=auc["value"],
        y=[
            literal(name_group(row.attribute, row.attribute.removesuffix("_id").replace("_", " "), row.group))
            for row, _ in rows
        ],
        mode="markers",
        name="AUC, 95 % CI",
        marker={"color": series_colour(0), "size": 9},
        error_x={
            "array": auc["high"] - auc["value"],
            "arrayminus": auc["value"] - auc["low"],
            "color": series_colour(0),
        },
        customdata=[f"n = {row.n:,}, {row.positives:,} positive" for row, _ in rows],
        hovertemplate="%{y}: AUC %{x:.3f}, %{customdata}",
    )
    if overall is not None:
        figure.add_vline(overall, line=REFERENCE)
    figure.update_xaxes(
        title="ROC AUC (dashed: all units)", range=[min(0.4, auc[["value", "low"]].min(axis=None)), 1.02]
    )
    figure.update_yaxes(autorange="reversed")
    _apply_layout(figure, "AUC by group")
    return figure.update_layout(height=max(240, 90 + 26 * len(rows)), showlegend=False)


def _curve(index: int) -> dict[str, object]:
    """Return the line style of the model with that index."""
    return {"color": series_colour(index), "width": WIDTH}


def _mark_operating_point(figure: go.Figure, units: pd.DataFrame, threshold: float) -> None:
    point = at_threshold(units, threshold)
    if point.specificity is None or point.sensitivity is None:
        return
    figure.add_scatter(
        x=[1 - point.specificity],
        y=[point.sensitivity],
        mode="markers",
        marker={"color": COLOURS["positive"], "size": 12, "symbol": "circle-open", "line": {"width": 3}},
        name="operating point",
        hoverinfo="skip",
    )


def _diagonal(figure: go.Figure, name: str) -> None:
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=REFERENCE, name=name, hoverinfo="skip")


def _horizontal(figure: go.Figure, value: float, name: str) -> None:
    figure.add_scatter(x=[0, 1], y=[value, value], mode="lines", line=REFERENCE, name=name, hoverinfo="skip")


def _add_band(figure: go.Figure, band: pd.DataFrame) -> None:
    """Draw an interval around the first model's curve, below everything else."""
    figure.add_scatter(
        x=[*band["false_positive_rate"], *band["false_positive_rate"][::-1]],
        y=[*band["high"], *band["low"][::-1]],
        fill="toself",
        mode="lines",
        line={"width": 0, "color": series_colour(0)},
        opacity=0.25,
        name="95 % CI",
        hoverinfo="skip",
    )


def _apply_layout(figure: go.Figure, title: str) -> go.Figure:
    apply_style(figure)
    return figure.update_layout(
        title={"text": title, "x": 0, "font": {"size": 15}},
        margin={"t": 44},
        height=HEIGHT,
        legend={"orientation": "h", "y": -0.25},
        hovermode="closest",
    )
