import plotly.graph_objects as go

from builders.app import figures, show_component
from ui.charts import show_chart


def test_chart_has_its_title_above_and_can_be_downloaded():
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4], name="a"), layout={"title": {"text": "A *title*"}, "height": 300})
    app = show_component(show_chart, figure, "chart", "some runs")
    assert [text.value for text in app.markdown] == [r"**A \*title\***"]
    assert not app.caption
    assert [drawn["data"][0]["y"] for drawn in figures(app)] == [[3, 4]]
    assert [button.label for button in app.download_button] == ["Picture, HTML", "Numbers, CSV"]
    assert len(app.get("bidi_component")) == 1  # PNG and SVG
