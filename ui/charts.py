"""Show a chart with its title, and its picture and numbers to download."""

from datetime import date

import plotly.graph_objects as go

from mammo_core.figures.charts import chart_panel
from ui.panels import show_panel


def show_chart(figure: go.Figure, key: str, source: str) -> None:
    """Show a figure as a panel of its own.

    Args:
        figure: with a title.
        key: of the chart on the page.
        source: models, runs or scores that it is of, in words; the downloads are named after it.
    """
    show_panel(chart_panel(figure, key, source, f"{date.today():%d %b %Y}".lstrip("0")))
