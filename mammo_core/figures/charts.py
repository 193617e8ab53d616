"""Turn a titled figure into a panel, whose picture and numbers can be downloaded."""

from collections.abc import Iterator
from html import unescape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mammo_core.figures.panels import Panel, file_stem

TITLE_ROOM = 32  # px above a figure that its title takes
MIN_MARGIN = 12  # px above a figure without one
MAX_SOURCE = 80  # characters of what a file is named after: many runs have long names
SERIES = "series"  # the column that names the line, bars or points


def chart_panel(figure: go.Figure, key: str, source: str, date: str) -> Panel:
    """Return a figure as a panel, which shows the figure's title above it.

    Args:
        figure: with a title; it isn't changed.
        key: short and stable.
        source: models, runs or scores that it is of, in words.
        date: of the picture, such as "26 Nov 2026".
    """
    title = unescape(str(figure.layout.title.text or key))
    margin = figure.layout.margin.t or 0
    untitled = go.Figure(figure).update_layout(title={"text": ""}, margin={"t": max(MIN_MARGIN, margin - TITLE_ROOM)})
    return Panel(
        key=key,
        title=title,
        reading="",
        table=figure_numbers(figure),
        figure=untitled,
        origin=f"{source} · {date}",
        file_name=f"{file_stem(source)[:MAX_SOURCE]}-{file_stem(title.lower())}",
    )


def figure_numbers(figure: go.Figure) -> pd.DataFrame:
    """Return the numbers that a figure draws, one row per point.

    Columns are called as the axes are. The ends of an interval are low and high; the lines of parallel coordinates are rows.
    """
    x, y = (
        unescape(str(axis.title.text or name))
        for axis, name in ((figure.layout.xaxis, "x"), (figure.layout.yaxis, "y"))
    )
    tables = [_parallel(trace) if trace.type == "parcoords" else _points(trace, x, y) for trace in figure.data]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _points(trace: Any, x: str, y: str) -> pd.DataFrame:
    """Return the points of a line, of bars or of marks."""
    table = pd.DataFrame({SERIES: unescape(str(trace.name or "")), x: _plain(trace.x), y: _plain(trace.y)})
    for bars, name in ((trace.error_x, x), (trace.error_y, y)):
        if bars.array is not None:
            table["low"] = table[name] - np.asarray(bars.arrayminus, float)
            table["high"] = table[name] + np.asarray(bars.array, float)
    return table


def _parallel(trace: Any) -> pd.DataFrame:
    """Return the lines of parallel coordinates, with the words of each axis."""
    return pd.DataFrame({unescape(str(axis.label)): list(_axis_values(axis)) for axis in trace.dimensions})


def _axis_values(axis: Any) -> Iterator[object]:
    if axis.ticktext is None:
        yield from axis.values
        return
    ticks = np.asarray(axis.tickvals, float)
    for value in axis.values:
        yield unescape(str(axis.ticktext[int(np.abs(ticks - value).argmin())]))


def _plain(values: Any) -> list[object]:
    """Return values without what Plotly needs to show text as it is."""
    return [unescape(value) if isinstance(value, str) else value for value in values]
