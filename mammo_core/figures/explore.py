"""Draw statistics of a data set."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mammo_core.explore.rates import FEW
from mammo_core.explore.readings import digits_of, percent
from mammo_core.figures.style import COLOURS, HEIGHT, SHARES, apply_style, literal

ROW_HEIGHT, FRAME_HEIGHT = 27, 75  # px of a row of a forest plot, and of what is around the rows
PALE = 0.4  # opacity of the units that are not selected
LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}  # grows upwards when it wraps


def class_bars(classes: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the numbers of negatives and positives of each unit.

    The table is that of `explore.class_counts`; units other than `unit` are pale.
    """
    figure = go.Figure()
    for label in [name for name in ("positive", "negative", "unlabelled") if classes[name].any()]:
        figure.add_bar(
            y=[f"{unit}s" for unit in classes["unit"]],
            x=classes[label],
            name=label,
            orientation="h",
            marker={"color": COLOURS[label], "opacity": [1.0 if name == unit else PALE for name in classes["unit"]]},
            hovertemplate=f"%{{x:,}} {label} %{{y}}<extra></extra>",
        )
    one_label = not (classes["negative"].any() and classes["positive"].any())
    for row in classes.itertuples():
        share = percent(row.share, digits_of(row.negative + row.positive))
        share = "" if one_label else f" · {row.positive:,} positive ({share})"
        figure.add_annotation(
            x=0,
            y=f"{row.unit}s",
            text=f"<b>{row.total:,}</b>{share}" if row.unit == unit else f"{row.total:,}{share}",
            xanchor="left",
            yshift=34,
            showarrow=False,
            font={"size": 12},
        )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(title="number", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return _apply_layout(figure, bargap=0.55)


def age_bars(histogram: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the age distribution of each label in shared bins.

    The table is that of `explore.age_histogram`.
    """
    figure = go.Figure()
    for label, rows in histogram.groupby("label", sort=False):
        figure.add_bar(
            x=(rows["age_from"] + rows["age_to"]) / 2,
            y=rows["share"],
            name=str(label),
            marker_color=COLOURS[str(label)],
            customdata=rows[["age_from", "age_to", "number"]],
            hovertemplate="%{customdata[0]} up to %{customdata[1]} years: %{customdata[2]:,} (%{y:.1%})",
        )
    figure.update_layout(barmode="group", bargroupgap=0.05)
    figure.update_xaxes(title="age, years", dtick=10)
    figure.update_yaxes(title=f"share of {unit}s with that label", tickformat=".0%")
    return _apply_layout(figure)


def age_count_bars(counts: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the numbers of units by age, from `explore.age_counts`."""
    figure = go.Figure()
    figure.add_bar(
        x=(counts["age_from"] + counts["age_to"]) / 2,
        y=counts["number"],
        marker_color=COLOURS["neutral"],
        customdata=counts[["age_from", "age_to"]],
        hovertemplate="%{customdata[0]} up to %{customdata[1]} years: %{y:,}<extra></extra>",
    )
    figure.update_xaxes(title="age, years", dtick=10)
    figure.update_yaxes(title=f"{unit}s")
    return _apply_layout(figure)


def age_curves(cumulative: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the cumulative share of each label by age, from `explore.age_cumulative`."""
    figure = go.Figure()
    for label, rows in cumulative.groupby("label", sort=False):
        figure.add_scatter(
            x=rows["age"],
            y=rows["share"],
            name=str(label),
            mode="lines",
            line={"color": COLOURS[str(label)], "shape": "hv", "width": 2.5},
            hovertemplate="%{y:.1%} are %{x:g} years or younger",
        )
    figure.add_hline(0.5, line={"dash": "dot", "width": 1, "color": COLOURS["reference"]})
    figure.update_xaxes(title="age, years", dtick=10)
    figure.update_yaxes(title=f"share of {unit}s up to that age", tickformat=".0%", range=[0, 1.02])
    return _apply_layout(figure)


def age_boxes(quantiles: pd.DataFrame) -> go.Figure:
    """Draw the ages of each label as a box plot.

    It shows quartiles, 5th and 95th percentile and mean, from `explore.age_quantiles`.
    """
    figure = go.Figure()
    for row in quantiles.itertuples():
        figure.add_box(
            y=[f"{row.label}<br>n = {row.n:,}"],
            q1=[row.q1],
            median=[row.median],
            q3=[row.q3],
            lowerfence=[row.p5],
            upperfence=[row.p95],
            mean=[row.mean],
            orientation="h",
            name=str(row.label),
            marker_color=COLOURS[str(row.label)],
            showlegend=False,
        )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="age, years")
    return _apply_layout(figure, height=FRAME_HEIGHT + 65 * len(quantiles))


def rate_points(rates: pd.DataFrame, names: Sequence[str], overall: float, unit: str, cap: float) -> go.Figure:
    """Draw the share of positives by group with its 95 % interval.

    Args:
        rates: see `explore.rate_by`.
        names: of the groups, for readers.
        overall: the share of all, drawn as a dotted line.
        unit: image, breast or patient.
        cap: share up to which the axis reaches; an arrow marks an interval that goes on.
    """
    figure = go.Figure()
    groups = [literal(f"{name}  (n = {n:,})") for name, n in zip(names, rates["n"], strict=True)]
    shown, low, high = (rates[column].clip(upper=cap) for column in ("rate", "low", "high"))
    figure.add_scatter(
        x=shown,
        y=groups,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - shown,
            "arrayminus": shown - low,
            "color": COLOURS["positive"],
            "thickness": 2,
            "width": 5,
        },
        mode="markers",
        marker={
            "color": COLOURS["positive"],
            "size": 9,
            "symbol": ["circle" if n >= FEW else "circle-open" for n in rates["n"]],
            "line": {"width": 2, "color": COLOURS["positive"]},
        },
        cliponaxis=False,
        customdata=rates[["positives", "n", "patients", "low", "high", "rate"]],
        hovertemplate="%{customdata[5]:.2%} (95 % CI %{customdata[3]:.2%} to %{customdata[4]:.2%})<br>"
        "%{customdata[0]:,} positive of %{customdata[1]:,}, in %{customdata[2]:,} patients<extra></extra>",
        showlegend=False,
    )
    cut = (rates["high"] > cap * 1.001).to_numpy()
    if cut.any():
        figure.add_scatter(
            x=[cap] * int(cut.sum()),
            y=[group for group, goes_on in zip(groups, cut, strict=True) if goes_on],
            mode="markers",
            marker={"color": COLOURS["positive"], "size": 11, "symbol": "triangle-right"},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_vline(overall, line={"dash": "dot", "width": 1.5, "color": COLOURS["reference"]})
    figure.update_xaxes(title=f"positive {unit}s, 95 % CI", tickformat=".1~%", range=[0, 1.03 * max(cap, 0.001)])
    figure.update_yaxes(range=[len(rates) - 0.4, -0.6], type="category", categoryorder="array", categoryarray=groups)
    return _apply_layout(figure, height=FRAME_HEIGHT + ROW_HEIGHT * len(rates))


def group_bars(counts: pd.DataFrame, names: Sequence[str], unit: str) -> go.Figure:
    """Draw the numbers of units by group, from `explore.count_by`.

    Args:
        counts: see there.
        names: of the groups, for readers.
        unit: image, breast or patient.
    """
    figure = go.Figure()
    figure.add_bar(
        y=[literal(name) for name in names],
        x=counts["n"],
        orientation="h",
        marker_color=COLOURS["neutral"],
        text=[f"{number:,}" for number in counts["n"]],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{y}}: %{{x:,}} {unit}s<extra></extra>",
    )
    figure.update_xaxes(title=f"{unit}s", range=[0, 1.15 * max(counts["n"].max(), 1)])
    figure.update_yaxes(autorange="reversed", type="category")
    return _apply_layout(figure, height=FRAME_HEIGHT + ROW_HEIGHT * len(counts), bargap=0.4)


def count_bars(names: list[str], numbers: list[int], name: str, number: str) -> go.Figure:
    """Draw counts by name; `name` and `number` are the titles of the axes."""
    figure = go.Figure()
    figure.add_bar(
        x=names,
        y=numbers,
        marker_color=COLOURS["neutral"],
        text=[f"{count:,}" for count in numbers],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x}: %{y:,}<extra></extra>",
    )
    figure.update_xaxes(title=name, type="category")
    figure.update_yaxes(title=number)
    return _apply_layout(figure)


def step_bars(steps: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the steps from biopsy to invasive cancer.

    The table is that of `explore.funnel`; its first step, "all", is left out.
    """
    numbers = steps["number"].tolist()
    shares = [number / max(before, 1) for before, number in itertools.pairwise(numbers)]
    names = (f"biopsy<br>{{:.1%}} of {unit}s", "cancer<br>{:.1%} of biopsies", "invasive<br>{:.1%} of cancers")
    figure = go.Figure()
    figure.add_bar(
        y=[name.format(share) for name, share in zip(names, shares, strict=True)],
        x=numbers[1:],
        orientation="h",
        text=[f"{number:,}" for number in numbers[1:]],
        textposition="outside",
        cliponaxis=False,
        marker_color=[COLOURS["neutral"], COLOURS["positive"], COLOURS["positive"]],
        hovertemplate=f"%{{x:,}} {unit}s<extra></extra>",
    )
    figure.update_xaxes(title=f"{unit}s", range=[0, 1.15 * max(numbers[1], 1)])
    figure.update_yaxes(autorange="reversed")
    return _apply_layout(figure, height=FRAME_HEIGHT + 50 * 3, bargap=0.4)


def difficult_bars(kinds: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the shares of positives, difficult and other negatives by site.

    The table is that of `explore.difficult_negatives`.
    """
    figure = go.Figure()
    total = kinds.drop(columns="site").sum(axis=1)
    colours = {
        "positive": COLOURS["positive"],
        "difficult positive": "#E69F00",
        "difficult negative": COLOURS["difficult"],
        "other negative": COLOURS["negative"],
    }
    for kind, colour in colours.items():
        if kinds[kind].any():
            figure.add_bar(
                y=[literal(f"site {site}") for site in kinds["site"]],
                x=kinds[kind] / total,
                name=kind,
                orientation="h",
                marker_color=colour,
                customdata=kinds[kind],
                hovertemplate="%{customdata:,} (%{x:.1%})",
            )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(title=f"share of {unit}s", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(autorange="reversed", type="category")
    return _apply_layout(figure, height=FRAME_HEIGHT + 30 + 40 * len(kinds), bargap=0.5)


def leak_bars(leaks: pd.DataFrame) -> go.Figure:
    """Draw the AUC of each single column; leaking columns are orange.

    The table is that of `explore.leakage`.
    """
    figure = go.Figure()
    for leaking, name, colour in ((True, "label leakage", "positive"), (False, "no leakage", "neutral")):
        rows = leaks[leaks["leaks"] == leaking]
        if len(rows):
            figure.add_bar(
                y=rows["column"].map(literal),
                x=rows["auc"] - 0.5,
                base=0.5,
                name=name,
                orientation="h",
                marker_color=COLOURS[colour],
                customdata=rows[["auc", "never", "never_share", "always", "always_share"]].map(
                    lambda value: literal(value) if isinstance(value, str) else value
                ),
                hovertemplate="AUC %{customdata[0]:.3f}<br>"
                "never positive: %{customdata[1]} (%{customdata[2]:.0%} of all)<br>"
                "always positive: %{customdata[3]} (%{customdata[4]:.0%} of positives)<extra></extra>",
            )
    figure.update_xaxes(
        title="AUC of this column alone",
        range=[0.5, 1.01],
        tickvals=[0.5, 0.6, 0.7, 0.8, 0.9, 1],
        ticktext=["0.5<br>no information", "0.6", "0.7", "0.8", "0.9", "1"],
    )
    figure.update_yaxes(autorange="reversed", type="category", categoryarray=leaks["column"].map(literal).tolist())
    return _apply_layout(figure, height=125 + 24 * len(leaks))


def share_map(shares: pd.DataFrame, name: str, format_value: Callable[[float], str]) -> go.Figure:
    """Draw a table of numbers from 0 to 1 as a heat map.

    `format_value` gives the text of a cell.
    """
    values = shares.to_numpy(float)
    texts = [["" if np.isnan(value) else format_value(value) for value in row] for row in values.tolist()]
    figure = go.Figure()
    figure.add_heatmap(
        x=list(map(literal, shares.columns)),
        y=list(map(literal, shares.index)),
        z=values,
        text=texts,
        zmin=0,
        zmax=1,
        colorscale=SHARES,
        showscale=False,
        xgap=2,
        ygap=2,
        texttemplate="%{text}",
        hoverongaps=False,
        hovertemplate=f"%{{y}}, %{{x}}<br>{name}: %{{text}}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False, tickangle=-40 if shares.shape[1] > 6 else 0)
    return _apply_layout(figure, height=100 + 26 * len(shares))


def size_points(headers: pd.DataFrame) -> go.Figure:
    """Draw image sizes by photometric interpretation.

    The area of a point grows with its number of images.
    """
    figure = go.Figure()
    sizes = (
        headers.dropna(subset=["rows", "columns"])
        .groupby(["photometric", "columns", "rows"])
        .size()
        .reset_index(name="n")
    )
    for (kind, rows), colour in zip(sizes.groupby("photometric"), ("neutral", "difficult", "validation"), strict=False):
        figure.add_scatter(
            x=rows["columns"],
            y=rows["rows"],
            name=literal(kind),
            mode="markers",
            marker={"color": COLOURS[colour], "size": 8 + 30 * np.sqrt(rows["n"] / sizes["n"].max()), "opacity": 0.7},
            customdata=rows["n"],
            hovertemplate="%{y} rows × %{x} columns: %{customdata:,} images",
        )
    figure.update_xaxes(title="columns, pixels", rangemode="tozero")
    figure.update_yaxes(title="rows, pixels", rangemode="tozero")
    return _apply_layout(figure)


def _apply_layout(figure: go.Figure, height: int = HEIGHT, bargap: float = 0.15) -> go.Figure:
    margin = {"l": 10, "r": 20, "t": 12, "b": 45}
    return apply_style(figure, height=height, bargap=bargap, uirevision="same", margin=margin, legend=LEGEND)
