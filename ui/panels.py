"""Show panels: the figure, the sentence that reads it, and downloads."""

import streamlit as st

from mammo_core.figures.panels import Panel
from ui.literal import literal


def show_panels(panels: list[Panel]) -> None:
    """Show panels in two columns, left to right."""
    for start in range(0, len(panels), 2):
        for column, panel in zip(st.columns(2), panels[start : start + 2], strict=False):
            with column.container(border=True, height="stretch"):
                show_panel(panel)


def show_panel(panel: Panel) -> None:
    """Show one panel, or the reason why it has no figure."""
    title, menu = st.columns([8, 1], vertical_alignment="center")
    title.markdown(f"**{literal(panel.title)}**")
    if panel.figure is None:
        st.info(literal(panel.reading), icon=":material/info:")
        return
    with menu.popover("", icon=":material/download:", type="tertiary", help="Download"):
        for name, kind, data in (("Table, CSV", "csv", panel.csv), ("Figure, HTML", "html", panel.html)):
            key = f"{panel.key} {kind}"
            st.download_button(name, data, f"{panel.key}.{kind}", f"text/{kind}", key=key, on_click="ignore")
        st.caption("For a PNG, use the camera icon above the figure.")
    picture = {"format": "png", "scale": 2, "filename": panel.key}
    config = {"displaylogo": False, "toImageButtonOptions": picture}
    st.plotly_chart(panel.figure, key=panel.key, config=config, alt=panel.reading)
    st.caption(literal(panel.reading))
