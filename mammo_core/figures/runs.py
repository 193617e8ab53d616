"""Draw the runs of a sweep together: AUC by setting, all settings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mammo_core.figures.style import COLOURS, apply_style, literal, series_colour

HEIGHT = 400  # px
AUC_TITLE = "AUC by breast"
TEXT_COLOUR = "#7C8C99"  # readable on white and on black: Plotly's parallel coordinates don't follow the page's theme
SHADES = [[0, "#B8860B"], [1, "#1596AD"]]  # of lines, from the lowest AUC to the highest
LOGARITHMIC = 20.0  # an axis of positive numbers is logarithmic if the highest is so many times the lowest


def setting_figure(results: pd.DataFrame, setting: str, title: str) -> go.Figure:
    """Draw the AUC of a sweep's combinations over one of its settings.

    Args:
        results: one row per combination, with auc, low, high and the setting, see
            `mammo_core.jobs.sweep_results.results_frame`.
        setting: a column.
        title: of the axis.
    """
    figure = go.Figure()
    values = results[setting]
    numeric = is_number(values)
    rows = results.assign(**{setting: values if numeric else values.map(_value_text)}).sort_values(setting)
    others = [name for name in results.columns if name not in (setting, "auc", "low", "high")]
    figure.add_scatter(
        x=rows[setting].map(literal) if not numeric else rows[setting],
        y=rows["auc"],
        error_y={
            "array": (rows["high"] - rows["auc"]).astype(float),
            "arrayminus": (rows["auc"] - rows["low"]).astype(float),
            "color": series_colour(0),
            "thickness": 1.2,
        },
        customdata=[literal(", ".join(_value_text(row[name]) for name in others)) for _, row in rows.iterrows()],
        mode="markers",
        marker={"color": series_colour(0), "size": 10},
        name="AUC, 95 % CI",
        hovertemplate="%{x}: AUC %{y:.3f} %{customdata}",
    )
    figure.add_hline(0.5, line={"dash": "dash", "width": 1.5, "color": COLOURS["reference"]})
    figure.update_xaxes(title=literal(title), type=_axis_type(rows[setting]) if numeric else "category")
    if numeric:
        figure.update_xaxes(tickvals=sorted(set(rows[setting])), tickformat="~g")
    figure.update_yaxes(title=f"{AUC_TITLE} (dashed: chance)")
    apply_style(figure, showlegend=False)
    return figure.update_layout(
        title={"text": literal(f"AUC by {title}"), "x": 0, "font": {"size": 15}}, margin={"t": 44}, height=HEIGHT
    )


def parallel_figure(results: pd.DataFrame, titles: Mapping[str, str]) -> go.Figure:
    """Draw each combination of a sweep as a line over its settings and its AUC.

    Args:
        results: see `setting_figure`.
        titles: of the settings that differ, by their column.
    """
    dimensions = [_dimension(results[setting], title) for setting, title in titles.items()]
    dimensions.append({"label": AUC_TITLE, "values": results["auc"], "tickformat": ".3f"})
    figure = go.Figure()
    figure.add_parcoords(
        dimensions=dimensions,
        line={"color": results["auc"], "colorscale": SHADES},
        labelfont={"color": TEXT_COLOUR, "size": 13, "shadow": "none"},  # else a white shadow, also on a dark page
        tickfont={"color": TEXT_COLOUR, "size": 12, "shadow": "none"},
        rangefont={"color": "rgba(0,0,0,0)"},  # the ends of an axis have ticks already
    )
    apply_style(figure)
    return figure.update_layout(
        title={"text": "Settings and AUC", "x": 0, "font": {"size": 15}},
        margin={"l": 80, "r": 60, "t": 92, "b": 30},
        height=HEIGHT,
    )


def is_number(values: pd.Series) -> bool:
    """Return whether all values of a setting are numbers, of which none is missing."""
    return not pd.api.types.is_bool_dtype(values) and pd.api.types.is_numeric_dtype(values) and values.notna().all()


def _axis_type(values: pd.Series) -> str:
    return "log" if values.min() > 0 and values.max() / values.min() >= LOGARITHMIC else "linear"


def _value_text(value: object) -> str:
    if pd.isna(value):
        return "none"
    return (
        {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _dimension(values: pd.Series, title: str) -> dict[str, Any]:
    """Return an axis of the parallel coordinates; words stand at equal distances."""
    if is_number(values):
        levels: Sequence[Any] = sorted(set(values))
        if _axis_type(values) == "log":
            labels = [f"{level:g}" for level in levels]
            return {
                "label": literal(title),
                "values": np.log10(values),
                "tickvals": np.log10(levels),
                "ticktext": labels,
            }
        return {
            "label": literal(title),
            "values": values,
            "tickvals": levels,
            "ticktext": [f"{level:g}" for level in levels],
        }
    words = values.map(_value_text)
    names = sorted(set(words))
    return {
        "label": literal(title),
        "values": words.map(names.index),
        "tickvals": list(range(len(names))),
        "ticktext": [literal(name) for name in names],
    }
