import pandas as pd
import plotly.graph_objects as go

from builders.app import figures, show_component
from mammo_core.figures.panels import Panel
from ui.panels import show_panels

TABLE = pd.DataFrame({"view": ["CC", "MLO"], "images": [3, 4]})
DRAWN = Panel("views", "Images by *view*", "4 of 7 are MLO.", TABLE, go.Figure(go.Bar(x=["CC", "MLO"], y=[3, 4])))
MISSING = Panel("ages", "Ages", "This data set has no ages.", pd.DataFrame())


def test_show_panels_has_title_figure_reading_and_downloads_of_each():
    app = show_component(show_panels, [DRAWN])
    assert [text.value for text in app.markdown] == [r"**Images by \*view\***"]
    assert [figure["data"][0]["y"] for figure in figures(app)] == [[3, 4]]
    assert [caption.value for caption in app.caption][-1] == "4 of 7 are MLO."
    assert [(button.key, button.label) for button in app.download_button] == [
        ("views csv", "Table, CSV"),
        ("views html", "Figure, HTML"),
    ]


def test_show_panels_without_a_figure_gives_the_reason_only():
    app = show_component(show_panels, [DRAWN, MISSING, DRAWN.__class__("x", "X", "No x.", TABLE)])
    assert [info.value for info in app.info] == ["This data set has no ages.", "No x."]
    assert len(figures(app)) == 1
    assert len(app.download_button) == 2
