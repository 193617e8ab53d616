import re
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from builders.app import APP, PATIENCE
from ui import appearance


def test_app_applies_the_style_sheet_and_shows_disclaimer_and_keys_once(workspace):
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    (keys,) = app.sidebar.markdown
    assert keys.value == appearance.KEYS.strip()
    assert [caption.value for caption in app.sidebar.caption] == [appearance.DISCLAIMER]
    assert any("stCaptionContainer" in element.proto.body for element in app.get("html"))


def test_style_sheet_names_only_elements_that_streamlit_has():
    named = set(re.findall(r"data-testid\^?=\"([A-Za-z]+)", appearance.STYLES.read_text(encoding="utf-8")))
    scripts = Path(st.__file__).with_name("static").rglob("*.js")
    present = {name for script in scripts for name in re.findall(r"\bst[A-Z]\w+", script.read_text(encoding="utf-8"))}
    assert "stMainBlockContainer" in named
    assert named - present == set()
