"""Give all pages one look and one disclaimer."""

from pathlib import Path

import streamlit as st

STYLES = Path(__file__).with_name("appearance.css")
DISCLAIMER = "Research use only. Not a medical device: nothing here is a diagnosis."


def apply_appearance() -> None:
    """Apply the style sheet that all pages share, and show the disclaimer.

    The style sheet puts the disclaimer at the foot of the sidebar, whatever a page adds there, and wherever it ends.
    """
    st.html(STYLES)
    st.sidebar.container(key="disclaimer").caption(DISCLAIMER)
