"""Give all pages one look, one disclaimer and one list of keys."""

from pathlib import Path

import streamlit as st

STYLES = Path(__file__).with_name("appearance.css")
KEYS = """
- **Alt + ↑, Alt + ↓**: previous or next row of a list
- **Tab, Enter**: next element; press it
- **Esc**: close a dialog or a menu
- **R**: show the page again with what has changed
- **?** in the viewer of mammograms: its own keys
"""
DISCLAIMER = "Research use only. Not a medical device: nothing here is a diagnosis."


def apply_appearance() -> None:
    """Apply the style sheet that all pages share, and show keys and disclaimer.

    The style sheet puts these at the foot of the sidebar, whatever a page adds there, and wherever it ends.
    """
    st.html(STYLES)
    with st.sidebar.container(key="disclaimer"):
        with st.popover("Keys", icon=":material/keyboard:", type="tertiary"):
            st.markdown(KEYS)
        st.caption(DISCLAIMER)
