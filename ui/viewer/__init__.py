"""Show exams in a viewer that windows, zooms and moves images in the browser.

The scripts are plain JavaScript modules, which the browser loads and keeps. See docs/viewer.md.
"""

from pathlib import Path

import streamlit as st

from mammo_core.documents.marks import MarkAccess
from mammo_core.documents.viewer import ViewerLayout
from ui.pixel_route import SCRIPT

NO_WEBGL = "This browser has no WebGL 2, which the viewer needs: the images are shown as pictures instead."
UNSUPPORTED = "viewer unsupported"  # in the session state
_viewer = st.components.v2.component(
    "viewer",
    html='<div class="viewer"></div>',
    css=Path(__file__).with_name("viewer.css").read_text(encoding="utf-8"),
    js="""
export default async (component) => {
    const script = new URL(component.data.script, document.baseURI).href
    return (await import(script)).default(component, new URL(".", script).href)
}
""",
)


def is_supported() -> bool:
    """Return whether this browser can show the viewer.

    Where it can't, which is known once the viewer was shown, one sentence says so.
    """
    if not st.session_state.get(UNSUPPORTED):
        return True
    st.info(NO_WEBGL, icon=":material/visibility_off:")
    return False


def show_viewer(layout: ViewerLayout, key: str, marks: MarkAccess | None = None) -> None:
    """Show exams in the viewer.

    Args:
        layout: the exams.
        key: identity of the viewer; what its user chose there stays while the key does.
        marks: how the viewer gets and changes marks on these images; None where there are none.
    """
    data = {"layout": layout.to_json(), "script": SCRIPT, "marks": marks.to_json() if marks else None}
    _viewer(key=key, data=data, height="content", on_unsupported_change=note_unsupported)


def note_unsupported() -> None:
    """Note that this session's browser has no WebGL 2; the viewer's callback."""
    st.session_state[UNSUPPORTED] = True
