"""Numbers of patients → a figure of the width of the interval that they give."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.sample_size import SampleSize, SampleSizeReport
from mammo_core.evaluation.sample_size import describe_measure
from mammo_core.figures.panels import Panel, file_stem
from mammo_core.figures.style import COLOURS, apply_style, series_colour

HEIGHT = 340  # px
HOVER = "%{x:,} patients with cancer and %{customdata:,} without: ±%{y:.3f}<extra></extra>"


def sample_size_figure(report: SampleSizeReport) -> go.Figure:
    """Draw half the length of the interval over the number of patients with cancer.

    The patients at hand and those that are needed are marked.
    """
    figure = go.Figure()
    curve = sizes_table(report.curve)
    figure.add_scatter(**_points(curve), mode="lines", name="expected", line={"color": series_colour(0), "width": 2.5})
    marks = (("here", report.present, "circle-open", 3), ("needed", report.needed, "circle", 0))
    for name, size, symbol, width in marks:
        figure.add_scatter(
            **_points(sizes_table((size,))),
            mode="markers",
            name=name,
            marker={"color": series_colour(0), "size": 12, "symbol": symbol, "line": {"width": width}},
        )
    figure.add_hline(
        report.half_width,
        line={"dash": "dash", "width": 1.5, "color": COLOURS["reference"]},
        annotation={"text": f"±{report.half_width:.3g}", "font": {"size": 12}},
        annotation_position="top right",
    )
    figure.update_xaxes(type="log", title="Patients with cancer", tickformat=",", dtick="D2", minor={"dtick": "D1"})
    figure.update_yaxes(title=f"Half-width of the interval of the {_name(report)}", rangemode="tozero")
    return apply_style(figure, height=HEIGHT, hovermode="closest")


def sizes_table(sizes: tuple[SampleSize, ...]) -> pd.DataFrame:
    """Return sizes as a table of positive, negative and half_width, one row each."""
    return pd.DataFrame([size.to_json() for size in sizes])


def sample_size_panel(report: SampleSizeReport, date: str) -> Panel:
    """Return the figure with its sentence, to be shown and downloaded.

    Args:
        report: the numbers.
        date: of the picture, such as "26 Nov 2026".
    """
    origin = f"{report.model} · {report.data or 'its held-out patients'} · {report.unit}s · {date}"
    return Panel(
        key="sample size",
        title=f"Patients needed for the {_name(report)}",
        reading=report.verdict,
        table=sizes_table(report.curve),
        figure=sample_size_figure(report),
        origin=origin,
        file_name=f"{file_stem(report.model)}-patients-needed",
    )


def _points(table: pd.DataFrame) -> dict[str, Any]:
    return {
        "x": table["positive"],
        "y": table["half_width"],
        "customdata": table["negative"],
        "hovertemplate": HOVER,
    }


def _name(report: SampleSizeReport) -> str:
    return describe_measure(report.measure, report.at)
