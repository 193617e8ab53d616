import json
import re
from pathlib import Path

import pytest

from builders.app import show_component
from mammo_core.documents.viewer import ViewerCell, ViewerExam, ViewerLayout
from ui.pixel_route import SCRIPT, SCRIPTS
from ui.viewer import NO_WEBGL, UNSUPPORTED, is_supported, note_unsupported, show_viewer

SVG = "http://www.w3.org/2000/svg"  # a name, which no browser fetches
LAYOUT = ViewerLayout(
    exams=(ViewerExam(title="", description="2 images", rows=((ViewerCell(name="R CC"), ViewerCell(name="L CC")),)),)
)


def test_viewer_gets_the_layout_and_the_address_of_its_script():
    app = show_component(show_viewer, LAYOUT, "viewer")
    (element,) = app.get("bidi_component")
    data = json.loads(element.proto.mixed.json or element.proto.json)
    assert ViewerLayout.model_validate(data["layout"]) == LAYOUT
    assert data["script"] == SCRIPT
    assert len(element.proto.js_content) < 500  # the scripts come by their address, once


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.js")), ids=lambda script: script.name)
def test_scripts_import_one_another_only_and_never_write_html(script: Path):
    text = script.read_text(encoding="utf-8").replace(f'"{SVG}"', "")
    imported = re.findall(r'from "([^"]+)"', text)
    assert all((SCRIPTS / name).is_file() for name in imported)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?:", text)


def test_browser_without_webgl_is_noted_and_named():
    assert show_component(is_supported).session_state["result"] is True
    app = show_component(note_unsupported)
    assert app.session_state[UNSUPPORTED] is True
    app = show_component(no_webgl_then_support)
    assert app.session_state["result"] is False
    assert [info.value for info in app.info] == [NO_WEBGL]


def no_webgl_then_support() -> bool:
    note_unsupported()
    return is_supported()
