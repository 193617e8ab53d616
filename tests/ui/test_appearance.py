from streamlit.testing.v1 import AppTest

from builders.app import APP, PATIENCE
from ui import appearance


def test_app_applies_the_style_sheet_and_shows_disclaimer_and_keys_once(workspace):
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    (keys,) = app.sidebar.markdown
    assert all(f"**{name}**: {effect}" in keys.value for name, effect in appearance.KEYS.items())
    assert [caption.value for caption in app.sidebar.caption] == [appearance.DISCLAIMER]
    assert any("stCaptionContainer" in element.proto.body for element in app.get("html"))
