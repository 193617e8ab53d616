"""Show panels: the figure, the sentence that reads it, and downloads."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from mammo_core.figures.panels import MarkFilter, Panel
from ui.literal import literal
from ui.picture_download import offer_pictures

TEXT_HEIGHT = 150  # px of what is around a figure, about
CLICKS = "clicks on panels"  # counts them: another chart takes the place of a clicked one, and has no selection


def show_panels(
    panels: Sequence[Panel], columns: int = 2, on_filter: Callable[[MarkFilter], None] | None = None
) -> None:
    """Show panels in columns, and name those without a figure.

    Each stands in the column that is the shortest so far.

    Args:
        panels: to show.
        columns: their number.
        on_filter: is called with what a click on a mark of a figure filters by; None where nothing filters.
    """
    cells, heights = st.columns(columns), [0] * columns
    for panel in panels:
        if panel.figure is not None:
            shortest = heights.index(min(heights))
            heights[shortest] += panel.height + TEXT_HEIGHT
            with cells[shortest].container(border=True):
                show_panel(panel, on_filter)
    for panel in panels:
        if panel.figure is None:
            st.caption(f"Not shown: **{literal(panel.title)}**. {literal(panel.reading)}")


def show_panel(panel: Panel, on_filter: Callable[[MarkFilter], None] | None = None) -> None:
    """Show one panel that has a figure."""
    with st.container(horizontal=True, vertical_alignment="center"):  # columns would stack on a narrow screen
        st.markdown(f"**{literal(panel.title)}**")
        with st.popover(
            f"Download {literal(panel.title)}",  # the style sheet shows the icon only
            icon=":material/download:",
            type="tertiary",
            key=f"downloads {panel.key}",
            help="Download",
            width="content",
        ):
            offer_downloads(panel)
    key, config = f"{panel.key} {st.session_state.get(CLICKS, 0)}", {"displayModeBar": False}
    if on_filter is None or not panel.choices:
        st.plotly_chart(panel.figure, key=key, config=config, alt=panel.reading or panel.title)
    else:
        st.plotly_chart(
            panel.figure,
            key=key,
            config=config,
            alt=panel.reading,
            selection_mode="points",
            on_select=partial(filter_by_click, panel.choices, key, on_filter),
        )
    if panel.reading:
        st.caption(literal(panel.reading))


def filter_by_click(
    choices: Mapping[tuple[int, int], MarkFilter], key: str, on_filter: Callable[[MarkFilter], None]
) -> None:
    """Filter by the mark that was clicked; a chart's callback.

    Args:
        choices: see `Panel`.
        key: of the chart, whose selection is in the session state.
        on_filter: is called with what the mark filters by.
    """
    for point in st.session_state[key].selection.points:
        if (mark := (point["curve_number"], point["point_index"])) in choices:
            st.session_state[CLICKS] = st.session_state.get(CLICKS, 0) + 1
            on_filter(choices[mark])
            return


def offer_downloads(panel: Panel) -> None:
    """Offer a panel's picture as PNG, SVG and HTML, and its numbers as CSV."""
    offer_pictures(panel.picture_json, panel.file_name, f"{panel.key} pictures")
    for name, kind, data in (("Picture, HTML", "html", panel.html), ("Numbers, CSV", "csv", panel.csv)):
        st.download_button(
            name,
            data,
            f"{panel.file_name}.{kind}",
            f"text/{kind}",
            key=f"{panel.key} {kind}",
            on_click="ignore",
            width="stretch",
        )
