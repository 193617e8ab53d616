"""Save a Plotly figure as PNG or SVG, by the browser that shows it.

The browser draws the picture with the script of Plotly's Python package, which it fetches once, at the first click.
"""

from pathlib import Path

import streamlit as st

from ui.live_chart import SCRIPT

WIDTH = 900  # px of the picture; a PNG has twice as many
_buttons = st.components.v2.component(
    "picture_download",
    html='<div class="pictures"></div>',
    css=Path(__file__).with_name("picture_download.css").read_text(encoding="utf-8"),
    js=Path(__file__).with_name("picture_download.js").read_text(encoding="utf-8"),
)


def offer_pictures(figure: str, file_name: str, key: str) -> None:
    """Show buttons that save a figure as PNG and as SVG.

    Args:
        figure: as JSON, with its height in pixels.
        file_name: without a suffix.
        key: identity of the buttons.
    """
    data = {"figure": figure, "script": SCRIPT, "name": file_name, "width": WIDTH}
    _buttons(key=key, data=data, height="content")
